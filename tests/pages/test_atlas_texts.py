"""Atlas: two atlases of one model over two corpora, side by side, and no folder is typed."""

import numpy as np
import pytest

import models
from explorer.atlas import changed, corpus, making, shipped
from explorer.atlas.options import Options
from tests.pages.shared import give, opened, settle, table, written
from tests.pages.test_atlas import MOVED

CATS = "".join(f"The cat sat on mat number {i}, and it was warm.\n" for i in range(20)).encode()
DOGS = "".join(f"{i} {i} {i} {i} dogs {i} dogs {i}\n" for i in range(20)).encode()


def of(content: bytes, name: str, model: str):
    return making.make(models.load(model, device="cpu"), corpus.of_file(content, name), Options(tokens=20_000))


def as_drawn(app, one, other, part: str) -> None:
    expected, drawn = changed.between(one, other, part), table(app, MOVED)
    np.testing.assert_allclose(drawn["change"], expected["change"], atol=1e-6)
    first = expected.iloc[0]
    assert first["change"] > 0.01
    assert f"{first['change']:.2f}" in app.button(key=f"atlas_changed_{first['layer']}_{first['head']}").label


@pytest.mark.parametrize(("name", "part"), [("gpt2-mini", "decoder"), ("bert-mini", "encoder")])
def test_an_atlas_that_the_page_made_stands_beside_the_shipped_one(name, part) -> None:
    app = opened("atlas", model=name, atlas_of="file")
    settle(give(app, "atlas_file", "cats.txt", CATS))
    app.segmented_control(key="atlas_view").set_value("changed")
    settle(app.run())
    settle(app.selectbox(key="atlas_against").set_value("texts").run())
    # Of an own file it is the shipped atlas that comes first.
    own, cats = shipped.opened(name), of(CATS, "cats.txt", name)
    assert not app.exception and "compared with the project's texts" in written(app)
    as_drawn(app, cats, own, part)
    # Back to what is shipped: the file stands there by name, is chosen by it, and is not read again.
    app.selectbox(key="atlas_of").set_value("own")
    settle(app.run())
    box = app.selectbox(key="atlas_second_texts")
    assert "cats.txt" in box.options and "the project's texts" not in box.options
    settle(box.set_value(_word("cats.txt", CATS)).run())
    assert "compared with cats.txt" in written(app) and not app.exception
    as_drawn(app, own, cats, part)


def _word(name: str, content: bytes) -> str:
    return f"{corpus.of_file(content, name).digest[:12]}-20000"


def test_a_file_is_given_for_the_second_atlas_alone() -> None:
    app = opened("atlas", model="gpt2-mini", atlas_view="changed", atlas_against="texts", atlas_second_texts="file")
    assert "the same model reads it" in written(app) and not app.exception
    settle(give(app, "atlas_second_file", "dogs.txt", DOGS))
    as_drawn(app, shipped.opened("gpt2-mini"), of(DOGS, "dogs.txt", "gpt2-mini"), "decoder")
    assert "dogs.txt" in settle(app.run()).selectbox(key="atlas_second_texts").options
    settle(give(app, "atlas_second_file", "empty.txt", b"\n\n"))
    assert not app.exception and any("empty.txt" in info.value.replace("\\", "") for info in app.info)


def test_an_atlas_of_a_folder_and_of_another_model(tmp_path) -> None:
    cats = of(CATS, "cats.txt", "gpt2-mini")
    cats.write(tmp_path / "cats")
    address = {"atlas_view": "changed", "atlas_against": "texts", "atlas_of": "folder"}
    # Of the model that is open, and of another one whose atlas is shipped: the same two beside each other.
    for name in ("gpt2-mini", "bert-mini"):
        app = opened("atlas", model=name, atlas_folder=str(tmp_path / "cats"), **address)
        settle(app)
        assert not app.exception
        as_drawn(app, cats, shipped.opened("gpt2-mini"), "decoder")
    # The shipped one itself has nothing beside it that this model could read.
    app = opened("atlas", model="bert-mini", atlas_folder=str(shipped.DATA / "gpt2-mini"), **address)
    assert not app.exception and "Open `gpt2-mini` to read other texts with it" in written(app)
