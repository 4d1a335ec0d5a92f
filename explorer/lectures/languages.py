"""Which of the project's sentences a model is given: those of the language that it reads."""

from __future__ import annotations

from explorer.syntax.sentences import Sentence

BETWEEN = {"en": " ", "zh": ""}
"""What stands between two words, and between two sentences."""


def language_of(model: str) -> str:
    """The language that a model of this name reads: of the bundled ones, one reads Chinese."""
    return "zh" if model == "zh-mini" else "en"


def is_chinese(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return any("\u3400" <= character <= "\u9fff" for character in text)


def written(sentence: Sentence, language: str) -> str:
    """A sentence of a treebank as a text."""
    return BETWEEN[language].join(sentence.words)
