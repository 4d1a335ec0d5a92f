"""A word that comes from the choice of a model is a model's name, or a title of one in any language."""

import pytest

from explorer.i18n import LANGUAGES, speaking
from explorer.ui.common import model_names
from models import CATALOGUE


@pytest.mark.parametrize("here", LANGUAGES)
@pytest.mark.parametrize("there", LANGUAGES)
def test_a_title_of_another_language_is_that_model(here, there):
    with speaking(there):
        titles = {entry.name: model_names.title(entry.name) for entry in CATALOGUE}
    assert len(set(titles.values())) == len(titles)
    with speaking(here):
        assert {name: model_names.named(title) for name, title in titles.items()} == {name: name for name in titles}


def test_what_is_no_title_stays_as_it_was_typed():
    for word in ("gpt2", "someone/model", "/a/folder", "MiniLM", ""):
        assert model_names.named(word) == word
