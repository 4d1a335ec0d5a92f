"""The dashboard as it is served to who started it. `streamlit run` finds `app` in here by its name; only `explorer.ui.start` runs this."""

from __future__ import annotations

import streamlit as st

from explorer.ui.index import routes
from explorer.ui.start import APP

app = st.App(APP, routes=routes())
