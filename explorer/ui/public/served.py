"""The dashboard behind `explorer.public`. `streamlit run` finds `app` in here by its name; only `explorer.ui.start` runs this."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from explorer.public.bounds import UPLOAD_MB
from explorer.public.headers import Guarded
from explorer.ui.start import APP

# A file travels with some words around it.
app = st.App(APP, middleware=[Middleware(Guarded, most=(UPLOAD_MB + 1) * 2**20)])
