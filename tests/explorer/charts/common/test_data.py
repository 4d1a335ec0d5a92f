"""Messages whose places are filled by a picture."""

from collections.abc import Sequence

import numpy as np
import pytest

from explorer import i18n
from explorer.charts.common import data
from explorer.charts.training import film
from tests.explorer.charts.scene import marks, rendered


@pytest.mark.parametrize(("language", "said"), [("en", ["layer 0, head 0", "layer 0, head 1"]), ("zh", ["第 0 层，头 0", "第 0 层，头 1"])])
def test_titles_of_heads_are_said_as_their_language_says_them(monkeypatch, language: str, said: Sequence[str]):
    monkeypatch.setattr(i18n, "_asked", lambda: language)
    tokens, sees = list("abc"), np.ones((3, 3), bool)
    scene = rendered(lambda: film.film([np.tri(3)[None].repeat(2, axis=0) / 3], [sees], tokens, tokens))
    assert [item["text"] for items in marks(scene, "text") for item in items if "0" in item["text"]] == said


def test_a_sentence_is_an_expression_of_columns_and_quoted_words():
    assert data.sentence("it's {layer}.") == "\"it's \" + datum.layer + '.'"
    assert data.sentence("{head}") == "datum.head"
