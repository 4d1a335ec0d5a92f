"""Signs between Chinese words: those of Chinese (，、；：？！“”), not those of English, but in code, formulas and lists of numbers."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u4e00-\u9fff]")
_NOT_PROSE = re.compile(r"`[^`]*`|<[^>]*>|\]\([^)]*\)|\{\"[^}]*\}|\[[^\[\]]*\]|\([^()\u4e00-\u9fff]*\)|(?<= )\"\"|\"[ -~]*\"")
_NUMBERS = re.compile(r"\d[\d.]*(?:, \d[\d.]*)+")
_LATIN = re.compile(r"[\u4e00-\u9fff”）}] ?[,;:!?](?![\w/])|[,;:!?] ?[\u4e00-\u9fff“（]|[\u4e00-\u9fff]\.(?:\s|$)|\"|\w[,;] \w")


def latin(text: str) -> list[str]:
    """Signs of English in a Chinese sentence, each with what stands around it; none in a text without a Chinese character."""
    if not _HAN.search(text):
        return []
    prose = _NUMBERS.sub("0", _NOT_PROSE.sub("0", text))
    return [prose[max(0, found.start() - 12) : found.end() + 12] for found in _LATIN.finditer(prose)]
