"""The entry of the dashboard: navigation, and the one sidebar that all pages share."""

import streamlit as st

from explorer.i18n import _

st.set_page_config(page_title="Attention Explorer", page_icon=":material/grid_view:", layout="wide")

page = st.navigation(
    [st.Page("pages/attention.py", title=_("Attention"), icon=":material/grid_view:", default=True)],
    position="sidebar",
)
page.run()
