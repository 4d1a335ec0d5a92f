"""Numbers in the address that are none."""

import pytest

from tests.matrix import part
from tests.pages.shared import after, opened, started

_PAGES = [
    ("generate", "top_k", {"model": "gpt2-mini"}),
    ("generate", "generation_seed", {"model": "gpt2-mini"}),
    ("softmax", "seed", {}),
    ("softmax", "limit", {"softmax": "model", "look": "scale"}),
    ("syntax", "syntax_limit", {"treebank": "file"}),
    ("training", "lab_steps", {}),
    ("training", "lab_learning_rate", {}),
    ("heads", "heads_limit", {"scored_on": "own"}),
    ("prune", "limit", {}),
]


@pytest.mark.parametrize(("page", "name", "others"), _PAGES, ids=lambda given: given if isinstance(given, str) else "")
@pytest.mark.parametrize("word", part(["inf", "nan"], ["inf"]))
def test_a_number_that_is_none_is_the_default(page, name, others, word) -> None:
    app = opened(page, **others, **{name: word})
    assert not app.exception
    fresh = opened(page, **others)
    assert app.number_input(key=name).value == fresh.number_input(key=name).value


def test_a_number_that_is_none_is_the_default_on_a_page_that_comes_after_another() -> None:
    app = after(started(model="gpt2-mini", top_k="inf"), "generate")
    assert not app.exception and app.number_input(key="top_k").value == 0
