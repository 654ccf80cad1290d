"""What a visitor has uploaded."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile


def file(key: str) -> UploadedFile | None:
    """The file in the uploader with this key; None if it was removed, perhaps in another message. For callbacks."""
    value = st.session_state[key]
    return value if isinstance(value, UploadedFile) else None
