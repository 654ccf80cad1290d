"""What a browser sends when somebody uses a widget, whatever widget it is."""

import json

from google.protobuf.message import Message
from streamlit.proto.WidgetStates_pb2 import WidgetState

EVENTS = {
    "clamp": ("pulled", [-0.02, 0.02]),
    "choices": ("picked", "back"),
    "preview": ("pointed", "0123456789ab"),
    "grid": ("picked", 1),
    "draw": ("drawn", {"points": list(range(-40, 40))}),
}
"""What the components report."""


def move(widget: Message) -> WidgetState | None:
    """Another value for a widget, or a click on a button; None for elements that are neither."""
    match widget.DESCRIPTOR.name:
        case "Button":
            return WidgetState(id=widget.id, trigger_value=True)
        case "NumberInput":
            return WidgetState(id=widget.id, double_value=widget.default + widget.step)
        case "Checkbox":
            return WidgetState(id=widget.id, bool_value=not widget.default)
        case "TextInput":
            return WidgetState(id=widget.id, string_value="/a/folder")
        case "Selectbox" if len(widget.options) > 1:
            others = [option for i, option in enumerate(widget.options) if i != widget.default]
            return WidgetState(id=widget.id, string_value=others[0])
        case "ButtonGroup":
            state = WidgetState(id=widget.id)
            others = [option.content for i, option in enumerate(widget.options) if i not in widget.default]
            state.string_array_value.data.extend(others[:1])
            return state
        case "Slider":
            state = WidgetState(id=widget.id)
            if widget.options:
                state.string_array_value.data.extend(widget.options[-len(widget.default) :])
            else:
                state.double_array_value.data.extend(min(value + widget.step, widget.max) for value in widget.default)
            return state
        case "FileUploader":
            state = WidgetState(id=widget.id)
            file = state.file_uploader_state_value.uploaded_file_info.add(file_id="of another session", name="a.zip")
            file.file_urls.file_id = file.file_id
            return state
        case "BidiComponent":
            names = [name for name in EVENTS if f".{name}" in f".{widget.component_name}"]
            event, value = EVENTS[names[0]] if names else ("", None)
            sent = json.dumps([{"event": event, "value": value}])
            id = f"$$STREAMLIT_INTERNAL_KEY_{widget.id}__events"
            return WidgetState(id=id, json_trigger_value=sent) if names else None
    return None
