"""The only place that knows Streamlit: a folder per page, and kit for what pages share."""
