"""Texts that Markdown shows as they are."""

import re

import pytest

from explorer.ui.common.markdown import escaped

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
