"""The dashboard behind `explorer.public`. `streamlit run` finds `app` in here by its name; only `explorer.ui.start` runs this."""

from __future__ import annotations

import streamlit as st
from google.protobuf.message import DecodeError
from starlette.middleware import Middleware
from streamlit.proto.BackMsg_pb2 import BackMsg

from explorer.public.bounds import ALL_UPLOADS_MB, TABS, UPLOAD_MB
from explorer.public.headers import Guarded
from explorer.ui.index import routes
from explorer.ui.start import APP


def for_writers(message: bytes) -> bool:
    """Whether a message of a tab is for who writes the app: one clears the caches of everybody, one asks for files that changed in its folder."""
    try:
        return BackMsg.FromString(message).WhichOneof("type") in _FOR_WRITERS
    except DecodeError:
        return False  # Streamlit ends such a connection


_FOR_WRITERS = {"clear_cache", "load_git_info", "set_run_on_save", "debug_shutdown_runtime", "debug_disconnect_websocket"}

# A file travels with some words around it.
app = st.App(
    APP,
    routes=routes(),
    middleware=[Middleware(Guarded, most=(UPLOAD_MB + 1) * 2**20, files=(ALL_UPLOADS_MB + 3) * 2**20, tabs=TABS, ignored=for_writers)],
)
