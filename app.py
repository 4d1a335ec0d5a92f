"""The entry of the dashboard: navigation, and the one sidebar that all pages share."""

import numpy as np
import streamlit as st
from PIL import Image

from explorer.charts.common import palette
from explorer.i18n import _
from explorer.ui.common import address, browser, garbage, strangers

# A picture of our own: a symbol by name would be fetched from the network.
ICON = Image.fromarray(palette.table()[np.add.outer(np.arange(8) * 30, np.arange(8)[::-1] * 6)].repeat(4, 0).repeat(4, 1))

st.set_page_config(page_title="Attention Explorer", page_icon=ICON, layout="wide")

# Room for the pictures: both panels are to be seen without scrolling at 1440 x 900.
st.html(
    "<style>"
    ".stMainBlockContainer{padding:2.6rem 1.5rem 1rem}.stMainBlockContainer .stVerticalBlock{gap:.55rem}"
    # In a narrow window a picture shrinks; it is drawn as lines and letters, and loses nothing.
    ".stVegaLiteChart svg.marks{max-width:100%;height:auto}"
    ".st-key-controls [data-testid=stButtonGroup] button{min-height:2.5rem}"
    "[data-testid=stButtonGroup] button[data-variant=pills]{flex-grow:0}"
    ".st-key-neighbours{gap:.4rem}.st-key-neighbours button{padding:.1rem .5rem;min-height:2rem}"
    # No floating toolbar on a picture: it covers the buttons above, and Take away has what it offers.
    ".stElementContainer:has(.stVegaLiteChart) [data-testid=stElementToolbar]{display:none}"
    ".st-key-browser_watch{position:absolute;width:0;height:0;overflow:hidden}"
    ".st-key-board_buttons{gap:.4rem}.st-key-board_buttons button{padding:.1rem .6rem}"
    "</style>"
)

page = st.navigation(
    {
        _("Look"): [
            st.Page("pages/attention.py", title=_("Attention"), icon=":material/grid_view:", default=True),
            st.Page("pages/heads.py", title=_("Know every head"), icon=":material/scoreboard:"),
            st.Page("pages/syntax.py", title=_("Syntax"), icon=":material/account_tree:"),
            st.Page("pages/beyond.py", title=_("Beyond the weights"), icon=":material/conversion_path:"),
            st.Page("pages/compare.py", title=_("Compare"), icon=":material/compare:"),
            st.Page("pages/generate.py", title=_("Generate"), icon=":material/edit_note:"),
        ],
        _("Change"): [
            st.Page("pages/prune.py", title=_("Prune heads"), icon=":material/content_cut:"),
            st.Page("pages/importance.py", title=_("Which heads matter"), icon=":material/query_stats:"),
        ],
        _("Learn"): [
            st.Page("pages/training.py", title=_("Training lab"), icon=":material/model_training:"),
            st.Page("pages/softmax.py", title=_("Softmax laboratory"), icon=":material/stacked_bar_chart:"),
            st.Page("pages/positions.py", title=_("Positions laboratory"), icon=":material/cyclone:"),
        ],
    },
    position="sidebar",
)
address.begin()
strangers.guard()
browser.watch()
page.run()
address.finish()
# All that the first page needs is loaded by now.
garbage.freeze()
