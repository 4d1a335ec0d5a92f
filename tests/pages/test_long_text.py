"""The chapter of the list on pages that compute with every weight: said to be cut, linked, and its file offered with the lines that read it."""

import pytest

from explorer.examples import CHAPTER
from explorer.export import text_read
from explorer.ui.common import long_texts
from explorer.ui.compare import second
from tests.pages.shared import opened, settle, written

OF = long_texts.letters({"text": CHAPTER.text})


def offered(app) -> set[str]:
    """Names of the texts that can be taken away."""
    return {button.proto.id.rpartition("take_txt_")[2] for button in app.get("download_button") if "take_txt_" in button.proto.id}


@pytest.mark.parametrize(
    ("page", "address"),
    [("heads", {}), ("softmax", {"softmax": "model"}), ("positions", {"positions": "terms"}), ("positions", {"positions": "order"})],
)
def test_it_is_said_to_be_cut_and_its_lines_have_their_file(page, address) -> None:
    app = opened(page, of=OF, **address)
    assert not app.exception and "The text is cut at 512 of 3416 tokens" in written(app)
    recipe, link = (code.value for code in app.code if "import" in code.value or "http" in code.value or "of=" in code.value)
    assert text_read(CHAPTER.text) in recipe and f"of={OF}" in link and offered(app) == {"text"}


def test_a_text_of_ones_own_is_too_long_for_a_link() -> None:
    app = opened("positions", text=CHAPTER.text + " The end.", positions="terms")
    assert "The text is too long for a link." in written(app) and offered(app) == {"text"}


def test_one_word_is_changed_where_it_is_read_and_both_texts_have_a_file() -> None:
    app = opened("compare", of=OF)
    assert not app.exception and "Both texts are the same" not in written(app)
    assert offered(app) == {"text", "other"}
    (recipe,) = (code.value for code in app.code if "import" in code.value)
    assert f"one = explorer.capture(model, {text_read(CHAPTER.text)}" in recipe
    assert f"other = explorer.capture(model, {text_read(CHAPTER.text, 'other')}" in recipe
    # The last word is beyond what this model reads.
    settle(app.selectbox(key="word").set_value(len(CHAPTER.text.split()) - 1).run())
    assert "Both texts are the same as far as they are read." in written(app)


def test_another_text_differs_in_its_beginning() -> None:
    one, other = CHAPTER.text.split(), second.another(CHAPTER.text).split()
    assert one[: second._FIRST] != other[: second._FIRST]
