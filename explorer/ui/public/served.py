"""The dashboard behind `explorer.public`. `streamlit run` finds `app` in here by its name; only `explorer.ui.start` runs this."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from explorer.public.bounds import ALL_UPLOADS_MB, UPLOAD_MB
from explorer.public.headers import Guarded
from explorer.ui.start import APP

# A file travels with some words around it.
app = st.App(APP, middleware=[Middleware(Guarded, most=(UPLOAD_MB + 1) * 2**20, files=(ALL_UPLOADS_MB + 3) * 2**20)])
