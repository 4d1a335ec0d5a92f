"""Markdown of the course as HTML, for a page without Streamlit. The course has no formulas in its sentences; a test sees to that."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt


@cache
def _reader() -> MarkdownIt:
    # HTML in a text stays a text: a sentence may hold what a lecturer typed. Pictures would be fetched from elsewhere.
    return MarkdownIt("commonmark", {"html": False}).disable(["image", "link", "autolink"])


def html(text: str) -> str:
    """A text of one or more paragraphs."""
    return _reader().render(text).strip()


def line(text: str) -> str:
    """A text within a line."""
    return _reader().renderInline(text).strip()
