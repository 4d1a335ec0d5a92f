"""Texts that Markdown shows as they are."""

import re

import pytest

from explorer.ui.common.markdown import escaped, labelled

# As GFM makes links of plain text: https://github.com/syntax-tree/mdast-util-gfm-autolink-literal, version 2, `transformGfmAutolinkLiterals`.
_ADDRESS = re.compile(r"(https?://|www(?=\.))([-.\w]+)([^ \t\r\n]*)", re.IGNORECASE)
_MAIL = re.compile(r"([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)")


@pytest.mark.parametrize(
    "text", ["see www.evil.com", "WWW.evil.com/a", "http://evil.com", "HTTPS://evil.com", "write to a.b@evil.com.", "ftp://x.y"]
)
def test_nothing_becomes_a_link(text):
    shown = escaped(text).replace("\\", "")
    assert not _ADDRESS.search(shown) and not _MAIL.search(shown)
    assert shown.replace("\u2060", "") == text


def test_other_text_is_left_alone():
    assert escaped("a @ b, 3 www, http") == "a @ b, 3 www, http"
    assert escaped("*a* [b](c)") == r"\*a\* \[b\]\(c\)"


@pytest.mark.parametrize("text", ["-", "+", "= so", "-1", "1.", "not_relevant", "Sci/Tech", "#1", "-- (none)"])
def test_a_label_is_heard_as_it_is_written(text):
    """Its accessible name is the label as it was given: "\\\\-" was read out."""
    shown = labelled(text)
    assert shown.removeprefix("\u2060") == text
    assert shown[0].isalpha() or shown[0] == "\u2060"  # else a list, a heading or a line


@pytest.mark.parametrize("text", ["*a*", ":red[a]", "_a_", "see www.evil.com", "a `b`"])
def test_a_label_that_would_be_set_otherwise_is_escaped(text):
    assert labelled(text) == escaped(text)
