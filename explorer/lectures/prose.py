"""Markdown as HTML, for what is read without Streamlit: phones, and files that are opened without the app.

HTML inside of it is shown as the text that it is, and links are words. The course has no formulas in its sentences; a test sees to that.
"""

from __future__ import annotations

from markdown_it import MarkdownIt

# Words of a lecture may come from anywhere: no HTML, no pictures (they would be fetched), no links (there is no network).
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable(["image", "link", "autolink", "html_inline", "html_block"])
)


def paragraphs(text: str) -> str:
    """HTML of a text of one or more paragraphs."""
    return _MARKDOWN.render(text).strip()


def line(text: str) -> str:
    """HTML of one line, without a paragraph around it."""
    return _MARKDOWN.renderInline(text).strip()
