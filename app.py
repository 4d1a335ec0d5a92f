"""The entry of the dashboard: navigation, and the one sidebar that all pages share."""

from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from explorer.charts.common import palette
from explorer.i18n import _
from explorer.talk.places import START
from explorer.talk.titles import PAGE_TITLES
from explorer.ui.claims import keys as of_claims
from explorer.ui.common import address, again, browser, garbage, glossary, language, pictures, stage, strangers, theme
from explorer.ui.course import keys
from explorer.ui.talk import adding, kept, playing

# A picture of our own: a symbol by name would be fetched from the network.
ICON = Image.fromarray(palette.table()[np.add.outer(np.arange(8) * 30, np.arange(8)[::-1] * 6)].repeat(4, 0).repeat(4, 1))

STYLE = Path(language.__file__).with_name("style.css")

address.begin()
pictures.begin()
language.begin()
st.set_page_config(page_icon=ICON, layout="wide")
st.html(STYLE)
page = st.navigation(
    {
        _("Look"): [
            st.Page("pages/attention.py", title=_(PAGE_TITLES["attention"]), icon=":material/grid_view:", default=True),
            st.Page("pages/heads.py", title=_(PAGE_TITLES["heads"]), icon=":material/scoreboard:"),
            st.Page("pages/atlas.py", title=_(PAGE_TITLES["atlas"]), icon=":material/travel_explore:"),
            st.Page("pages/syntax.py", title=_(PAGE_TITLES["syntax"]), icon=":material/account_tree:"),
            st.Page("pages/weights.py", title=_(PAGE_TITLES["weights"]), icon=":material/hub:"),
            st.Page("pages/beyond.py", title=_(PAGE_TITLES["beyond"]), icon=":material/conversion_path:"),
            st.Page("pages/compare.py", title=_(PAGE_TITLES["compare"]), icon=":material/compare:"),
            st.Page("pages/generate.py", title=_(PAGE_TITLES["generate"]), icon=":material/edit_note:"),
        ],
        _("Change"): [
            st.Page("pages/prune.py", title=_(PAGE_TITLES["prune"]), icon=":material/content_cut:"),
            st.Page("pages/importance.py", title=_(PAGE_TITLES["importance"]), icon=":material/query_stats:"),
        ],
        _("Learn"): [
            st.Page("pages/course.py", title=_(PAGE_TITLES["course"]), icon=":material/school:"),
            st.Page("pages/claims.py", title=_(PAGE_TITLES["claims"]), icon=":material/gavel:"),
            st.Page("pages/talk.py", title=_(PAGE_TITLES["talk"]), icon=":material/co_present:"),
            st.Page("pages/training.py", title=_(PAGE_TITLES["training"]), icon=":material/model_training:"),
            st.Page("pages/softmax.py", title=_(PAGE_TITLES["softmax"]), icon=":material/stacked_bar_chart:"),
            st.Page("pages/positions.py", title=_(PAGE_TITLES["positions"]), icon=":material/cyclone:"),
        ],
    },
    position="sidebar",
    expanded=True,
)
strangers.guard()
playing.follow(page.url_path or START)
# Each page has its own title in the browser.
st.set_page_config(page_title=f"{page.title} · Attention Explorer")
OWN_KEYS = {"course": keys.help_, "claims": of_claims.help_}
browser.watch(OWN_KEYS[page.url_path]() if page.url_path in OWN_KEYS else ())
kept.keep()
with st.sidebar, st.container(horizontal=True, key="app_bar"):
    language.choose()
    stage.button()
    theme.button()
    glossary.button()
    adding.button(page.url_path, page.title)
if page.url_path != "course":
    # The course has a bar of its own.
    playing.bar(page.url_path or START)
again.after_reconnecting()
# The libraries are loaded. The first page may have to wait for its model, and is run again and again until it is there.
garbage.freeze("libraries")
page.run()
address.finish()
# All that the first page needs is loaded by now.
garbage.freeze("page")
garbage.collect()
