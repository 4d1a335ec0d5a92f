"""What a screen reader says of a picture: what it is called, what its axes and colours are, and what stands out.

All but the last is read off the description, so that every picture says something. What stands out is `Picture.aloud`, which a chart sets where
it is cheap to know. A picture of which only tables change, as while something is computed, stays on the page only as long as it says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from explorer.i18n import _

_PARTS = ("layer", "hconcat", "vconcat", "concat")
_COLOURS = ("color", "fill", "stroke")


def sentences(description: Mapping[str, object], aloud: str = "") -> str:
    """One to five short sentences about a description of Vega-Lite; the last is given."""
    views = list(_views(description))
    said = [_("{title}.").format(title=title.rstrip(".:。：")) for title in _once(_text(view.get("title")) for view in views)]
    listed = [
        (_("Across: {names}."), _titles(views, ("x",))),
        (_("Down: {names}."), _titles(views, ("y",))),
        (_("Colour: {names}."), _titles(views, _COLOURS)),
    ]
    said += [message.format(names=", ".join(names)) for message, names in listed if names]
    return " ".join([*said, *([aloud] if aloud else [])])


def _views(node: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    yield node
    for part in _PARTS:
        for inner in node.get(part, ()):
            yield from _views(inner)
    if isinstance(node.get("spec"), Mapping):
        yield from _views(node["spec"])


def _titles(views: list[Mapping[str, object]], channels: tuple[str, ...]) -> list[str]:
    found = []
    for view in views:
        encoding = view.get("encoding", {})
        for channel in channels:
            how = encoding.get(channel)
            if isinstance(how, Mapping):
                # Where neither axis nor legend is drawn, nobody sees the name either; the colours of whatever has no name are not explained.
                guide = how.get("axis" if channel in ("x", "y") else "legend", {})
                found.append("" if guide is None else _text(how.get("title")) or _text(guide.get("title")))
    return _once(found)


def _once(texts: object) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _text(title: object) -> str:
    """A title as it is written in a description: a text, lines, or an object that holds one. What is computed in the browser is left out."""
    if isinstance(title, Mapping):
        title = title.get("text")
    if isinstance(title, list | tuple):
        return " ".join(str(line) for line in title).strip()
    return title.strip() if isinstance(title, str) else ""
