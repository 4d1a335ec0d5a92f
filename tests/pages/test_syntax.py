"""The syntax page as Streamlit runs it, without a browser."""

import numpy as np
import pytest

from explorer.syntax import published, relations, sentences
from explorer.ui.syntax import panel as syntax_panel
from tests.pages.shared import charts, opened, table, written

TREE = """1\tCats\t_\tNOUN\t_\t_\t2\tnsubj\t_\t_
2\tchase\t_\tVERB\t_\t_\t0\troot\t_\t_
3\tmice\t_\tNOUN\t_\t_\t2\tobj\t_\t_

"""


def test_our_own_treebank(bert) -> None:
    app = opened("syntax", relation="det")
    assert not app.exception and len(charts(app)) == 2
    found = relations.best_heads(bert, sentences.own())
    drawn = table(app, {"row", "head", "value", "removed"}, 1).pivot(index="row", columns="head", values="value")
    np.testing.assert_allclose(drawn, found.accuracies("det").max(0), atol=1e-6)
    for same in (False, True):
        if same:
            app.button_group(key="reading").set_value("same").run()
        best = found.best("det", same=same)
        assert not app.exception and len(charts(app)) == 2
        assert f"Best: **{best.layer}.{best.head}**, {best.direction}: {best.accuracy:.0%} of {best.n} words" in written(app)
    assert list(app.session_state["_syntactic"].values()) == [found.syntactic()], "the page of roles can show them now"


def test_a_treebank_of_ones_own(bert) -> None:
    app = opened("syntax")
    app.button_group(key="treebank").set_value("file").run()
    assert not app.exception and "Upload a treebank" in written(app)
    app.file_uploader(key="conllu").upload("mine.conllu", (TREE * 8).encode(), "text/plain").run()
    assert not app.exception and len(charts(app)) == 2 and "8 sentences" in written(app)
    app.file_uploader(key="conllu").upload("mine.conllu", b"no treebank", "text/plain").run()
    assert not app.exception and not charts(app) and "no CoNLL-U" in written(app)
    app.file_uploader(key="conllu").upload("mine.conllu", TREE.encode(), "text/plain").run()
    assert not app.exception and "Give more sentences" in written(app)


def test_a_decoder_says_what_it_cannot_see() -> None:
    # The run that follows a change of pages has the defaults of the sidebar; what the address says of it holds from the next run on.
    app = opened("syntax", model="gpt2-mini").run()
    assert not app.exception and len(charts(app)) == 2 and "only those before it" in written(app)


def test_a_model_of_two_stacks(tiny, monkeypatch) -> None:
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked: tiny("t5"))
    app = opened("syntax")
    assert not app.exception and not charts(app) and "a source and a target" in written(app)


def test_published_heads_stand_beside_ours(bert, monkeypatch) -> None:
    monkeypatch.setattr(published, "MODEL", bert.name)
    monkeypatch.setattr(published, "HEADS", (published.Published("dobj", "obj", 2, 0, 86.8, 40.0),))
    app = opened("syntax", relation="obj")
    ours = relations.best_heads(bert, sentences.own()).accuracies("obj")[:, 2, 0].max()
    assert f"86.8 %, offset 40.0 %. That head here: {ours:.1%}" in written(app)


@pytest.mark.parametrize("relation", ["", "nonsense"])
def test_an_unknown_relation_in_the_address(relation) -> None:
    assert "_relation" in opened("syntax", relation=relation).session_state and syntax_panel.LIMIT > 0
