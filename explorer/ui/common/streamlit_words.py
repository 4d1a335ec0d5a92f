"""What Streamlit itself says in English, on its widgets and around them, and has no translation for; `streamlit_words.js` says it in the
viewer's language.

Whatever is found here is said otherwise; what a newer Streamlit says in other words stays English until it stands here. Nothing is looked for
in what the app draws itself (`PLACES`): a token may be called "Format".
"""

from __future__ import annotations

import re

from explorer.i18n import N_, SOURCE, _, language

PLACES = (
    "[data-testid=stFileUploader]",
    "[data-testid=stDataFrameColumnMenu]",
    "[data-testid=stDataFrameColumnFormattingMenu]",
    "[data-testid=stDataFrameColumnVisibilityMenu]",
    "[data-testid=stDataFrameStatisticsMenu]",
    "[data-testid=stElementToolbar]",
    "[data-testid=stTooltipContent]",
    "[data-testid=stTooltipErrorContent]",
    "[data-testid=InputInstructions]",
    "[data-testid=stStatusWidget]",
    "[data-testid=stConnectionStatus]",
    "[data-testid=stHeader]",
    "[data-testid=stNumberInput] [role=alert]",
    "[role=listbox]",
    "a[href^='#']",
    "[role=dialog] h1, [role=dialog] h2",
)
"""Where its texts stand; its labels for screen readers and what stands in empty fields are known wherever they are."""
WORDS = (
    N_("Drag and drop a file here"),
    N_("Drag and drop files here"),
    N_("Add files"),
    N_("Upload"),
    N_("Choose an option"),
    N_("Choose options"),
    N_("Choose or add an option"),
    N_("Choose or add options"),
    N_("Add an option"),
    N_("Add options"),
    N_("No results"),
    N_("Select all"),
    N_("Clear all"),
    N_("Clear value"),
    N_("Clear entry"),
    N_("Clear selection"),
    N_("Selectbox options"),
    N_("Multiselect options"),
    N_("Selected values"),
    N_("Increment"),
    N_("Decrement"),
    N_("Press Enter to apply"),
    N_("Invalid input."),
    N_("Number is above the allowed range."),
    N_("Number is below the allowed range."),
    N_("Sort ascending"),
    N_("Sort descending"),
    N_("Autosize"),
    N_("Pin column"),
    N_("Unpin column"),
    N_("Hide column"),
    N_("Format"),
    N_("Statistics"),
    N_("Automatic"),
    N_("Localized"),
    N_("Plain"),
    N_("Compact"),
    N_("Percent"),
    N_("Scientific"),
    N_("Copy column name"),
    N_("Show/hide columns"),
    N_("Download as CSV"),
    N_("Search"),
    N_("Fullscreen"),
    N_("Close fullscreen"),
    N_("Close"),
    N_("Open"),
    N_("Sidebar"),
    N_("Collapse sidebar"),
    N_("Expand sidebar"),
    N_("App pages"),
    N_("Skip to main content"),
    N_("Dataframe column menu"),
    N_("Link to heading"),
    N_("file upload"),
    N_("Dismiss"),
    N_("Running..."),
    N_("Stop"),
    N_("Connecting"),
    N_("Connection error"),
)
_PARTS = (
    N_("{size} per file"),
    N_("Add: {name}"),
    N_("Help for {name}"),
    N_("Shortcut {keys}"),
    N_("Remove {name}"),
    N_("{kind} files are not allowed."),
    N_("Press {key}+Enter to apply"),
    N_("Number is above the allowed range. Please enter a value less than or equal to {most}."),
    N_("Number is below the allowed range. Please enter a value greater than or equal to {least}."),
    N_("Number is outside the allowed range. Please enter a value between {least} and {most}."),
)
"""The same with something filled in, one text of the page or the beginning of one."""


def said() -> dict[str, object]:
    """For the script: where to look, whole texts, and patterns with what takes their place; none where Streamlit's own language is spoken."""
    if language() == SOURCE:
        return {"places": PLACES, "words": {}, "parts": []}
    return {"places": PLACES, "words": {one: _(one) for one in WORDS}, "parts": [_pattern(one, _(one)) for one in _PARTS]}


def _pattern(message: str, translated: str) -> tuple[str, str]:
    """A regular expression of JavaScript, and its replacement: what is filled in is kept."""
    names = re.findall(r"{(\w+)}", message)
    pieces = re.split(r"{\w+}", message)
    pattern = "(.+?)".join(re.escape(piece).replace(r"\ ", " ") for piece in pieces)
    # Streamlit goes on behind some: the kinds of files that may be given.
    return f"^{pattern}(?= •|$)", re.sub(r"{(\w+)}", lambda found: f"${names.index(found[1]) + 1}", translated)
