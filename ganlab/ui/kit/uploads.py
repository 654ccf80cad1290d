"""What a visitor has uploaded."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile


def key(name: str) -> str:
    """The key of an uploader: its name, and how often it was emptied, because Streamlit has no other way to do that."""
    return f"{name}{st.session_state.get(f'{name}_emptied', '')}"


def file(name: str) -> UploadedFile | None:
    """The file in an uploader; None if it was removed, perhaps in another message. For callbacks."""
    value = st.session_state.get(key(name))
    return value if isinstance(value, UploadedFile) else None


def empty(name: str) -> None:
    """Show no file in an uploader any more. For callbacks."""
    if file(name):
        st.session_state[f"{name}_emptied"] = st.session_state.get(f"{name}_emptied", 0) + 1
