"""The syntax page as Streamlit runs it, without a browser: what is drawn is what `explorer.syntax` computes, for each model and treebank."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

import models
from explorer.syntax import names, published, relations, sentences
from explorer.ui.syntax import treebank
from models.opening import catalogue
from tests.pages.shared import after, charts, give, opened, run_recipe, settle, table, written

TREE = """1\tCats\t_\tNOUN\t_\t_\t2\tnsubj\t_\t_
2\tchase\t_\tVERB\t_\t_\t0\troot\t_\t_
3\tmice\t_\tNOUN\t_\t_\t2\tobj\t_\t_

"""
ROOTS = "1\tYes\t_\tINTJ\t_\t_\t0\troot\t_\t_\n2\tno\t_\tINTJ\t_\t_\t0\troot\t_\t_\n\n"
BARS = {"i", "accuracy", "low", "high", "baseline", "layer", "head", "n", "offset"}


@pytest.fixture(scope="module")
def ours(bert) -> relations.Syntax:
    return relations.best_heads(bert, sentences.own())


class Held:
    """Reading a file, held up until it is let go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._first = sentences.first

    def first(self, source, limit=None, progress=None):
        self.begun.set()
        ends = time.monotonic() + 60
        while not self.go_on.is_set() and time.monotonic() < ends:
            progress(0.5)
            time.sleep(0.01)
        return self._first(source, limit, progress)

    def until_begun(self, app) -> None:
        """Runs the page until the file is being read."""
        ends = time.monotonic() + 60
        while not self.begun.is_set():
            assert time.monotonic() < ends
            app.run()
        app.run()


@pytest.fixture
def held(monkeypatch) -> Iterator[Held]:
    made = Held()
    monkeypatch.setattr(sentences, "first", made.first)
    yield made
    made.go_on.set()


def recipe(app) -> str:
    """The lines of Python that are offered."""
    return next(code.value for code in app.code if "models.load" in code.value)


def bars(app) -> list[tuple]:
    """Accuracy, layer, head and words of each bar."""
    drawn = table(app, BARS, 0).sort_values("i")
    return list(zip(drawn["accuracy"].round(6), drawn["layer"], drawn["head"], drawn["n"], strict=True))


def expected(found: relations.Syntax, same: bool = False) -> list[tuple]:
    names = [name for name in found.relations if name not in ("punct", "root") and found.counts[:, found.relations.index(name)].min() >= 3]
    best = [found.best(name, same=same) for name in names[:18]]
    return [(round(one.accuracy, 6), one.layer, one.head, one.n) for one in best]


def board(app) -> np.ndarray:
    """Shares of the relation's words that each head finds, (layers, heads)."""
    return table(app, {"row", "head", "value", "removed"}, 1).pivot(index="row", columns="head", values="value").to_numpy()


def frame(app) -> dict[str, int]:
    """The cell of the board that carries the frame."""
    (pick,) = (param for param in charts(app)[1]["params"] if param["name"] == "cell")
    return pick["value"][0]


def test_our_own_treebank(ours) -> None:
    app = opened("syntax", relation="det")
    assert not app.exception and len(charts(app)) == 2
    best = ours.best("det")
    assert f"Best: **{best.layer}.{best.head}**, {names.way(best.direction)}: {best.accuracy:.0%} of {best.n} words" in written(app)
    assert "**det**: the article of a noun" in written(app) and "depends on" in written(app), "a code is explained, and a governor"
    assert bars(app) == expected(ours)
    np.testing.assert_allclose(board(app), ours.accuracies("det").max(0))
    settle(app.button_group(key="reading").set_value("same").run())
    assert not app.exception and len(charts(app)) == 2
    assert bars(app) == expected(ours, same=True) != expected(ours)
    assert list(app.session_state["_syntactic"].values()) == [ours.syntactic()], "the page of roles can show them now"


def test_the_best_head_can_be_chosen_and_is_marked(ours) -> None:
    app = opened("syntax", relation="det", layer="5", head="1")
    assert frame(app) == {"row": 5, "head": 1}
    assert f"**Layer 5, head 1**: {ours.accuracies('det').max(0)[5, 1]:.1%}" in written(app)
    best = ours.best("det")
    app.button(key="choose_best").click().run()
    assert not app.exception and frame(app) == {"row": best.layer, "head": best.head}
    assert (app.query_params["layer"], app.query_params["head"]) == (str(best.layer), str(best.head)), "every page looks at it now"
    assert f"**Layer {best.layer}, head {best.head}**" in written(app)


def test_a_treebank_of_ones_own(bert) -> None:
    app = opened("syntax")
    settle(app.button_group(key="treebank").set_value("file").run())
    assert not app.exception and "Upload a treebank" in written(app)
    settle(give(app, "conllu", "mine.conllu", (TREE * 8).encode()))
    assert not app.exception and len(charts(app)) == 2 and "8 sentences" in written(app)
    assert bars(app) == expected(relations.best_heads(bert, sentences.read(TREE * 8)))
    settle(give(app, "conllu", "mine.conllu", (TREE.replace("Cats", "Old") * 8).encode()))
    assert bars(app) == expected(relations.best_heads(bert, sentences.read(TREE.replace("Cats", "Old") * 8))), "another file of the same name"
    settle(give(app, "conllu", "mine.conllu", b"no treebank"))
    assert not app.exception and not charts(app) and "no CoNLL-U" in written(app)
    settle(give(app, "conllu", "mine.conllu", TREE.encode()))
    assert not app.exception and "Give more sentences" in written(app)


def test_a_file_is_read_in_a_job_that_can_be_stopped(bert, ours, held) -> None:
    app = opened("syntax", treebank="file")
    # A name that no other test has: what was read before is known.
    give(app, "conllu", "held.conllu", (TREE * 8).encode())
    held.until_begun(app)
    assert not app.exception and not charts(app)
    (stop,) = [button for button in app.button if str(button.key).startswith("stop_job_")]
    stop.click().run()
    assert "Stopped: Reading the treebank" in written(app)
    held.go_on.set()
    (go_on,) = [button for button in app.button if str(button.key).startswith("go_on_")]
    settle(go_on.click().run())
    assert len(charts(app)) == 2 and bars(app) == expected(relations.best_heads(bert, sentences.read(TREE * 8)))


def test_at_most_so_many_sentences_are_read(bert) -> None:
    app = opened("syntax", treebank="file")
    many = TREE * 8 + TREE.replace("Cats", "Old") * 4
    settle(give(app, "conllu", "many.conllu", (many + "no treebank").encode()))
    assert not charts(app) and "sentence 13, from line 49" in written(app)
    settle(app.number_input(key="syntax_limit").set_value(10).run())
    assert not app.exception and bars(app) == expected(relations.best_heads(bert, sentences.read(many)[:10]))
    assert "10 sentences; 0 left out" in written(app) and "many.conllu, its first 10 sentences" in written(app)
    settle(give(app, "conllu", "many.conllu", (many + ROOTS).encode()))
    settle(app.number_input(key="syntax_limit").set_value(13).run())
    assert bars(app) == expected(relations.best_heads(bert, sentences.read(many)))
    assert "12 sentences; 1 left out" in written(app) and "its first" not in written(app), "that is the whole file"


def test_a_file_without_a_single_tree(ours) -> None:
    app = opened("syntax", treebank="file")
    settle(give(app, "conllu", "roots.conllu", ROOTS.encode()))
    assert not app.exception and not charts(app) and "None of 1 sentences can be used" in written(app)


def test_lines_of_python_are_those_of_what_is_shown(bert, held, tmp_path, monkeypatch) -> None:
    held.go_on.set()
    app = opened("syntax")
    assert "sentences.own()" in recipe(app) and "Path" not in recipe(app)
    app.button_group(key="treebank").set_value("file").run()
    settle(give(app, "conllu", "mine.conllu", (TREE * 8).encode()))
    before = recipe(app)
    assert "sentences.read(Path('mine.conllu'), limit=500)" in before
    (tmp_path / "mine.conllu").write_text(TREE * 8)
    monkeypatch.chdir(tmp_path)
    found = relations.best_heads(bert, sentences.read(TREE * 8))
    assert run_recipe(app)[1] == f"{found.table()} {found.syntactic()}\n"
    settle(app.button_group(key="reading").set_value("same").run())
    assert run_recipe(app)[1] == f"{found.table(same=True)} {found.syntactic()}\n"
    settle(app.button_group(key="reading").set_value("halves").run())
    # Another model and another limit, still on their way.
    held.begun.clear()
    held.go_on.clear()
    app.number_input(key="syntax_limit").set_value(6)
    app.selectbox(key="model").set_value("gpt2-mini").run()
    held.until_begun(app)
    assert "Still shown" in written(app) and bars(app) == expected(found)
    assert recipe(app) == before
    held.go_on.set()
    settle(app)
    assert "models.load('gpt2-mini')" in recipe(app) and "limit=6)" in recipe(app) and "Still shown" not in written(app)


def test_a_treebank_stays_when_another_page_is_opened() -> None:
    app = opened("syntax", treebank="file")
    settle(give(app, "conllu", "mine.conllu", (TREE * 8).encode()))
    after(app, "attention")
    app.query_params["treebank"] = "file"
    after(app, "syntax")
    assert not app.exception and len(charts(app)) == 2 and "8 sentences" in written(app) and "mine.conllu" in written(app)


def test_another_model_gives_other_bars(ours) -> None:
    app = opened("syntax")
    assert bars(app) == expected(ours)
    settle(app.selectbox(key="model").set_value("gpt2-mini").run())
    assert not app.exception and len(charts(app)) == 2 and "only those before it" in written(app)
    decoder = relations.best_heads(models.load("gpt2-mini", device="cpu"), sentences.own())
    assert bars(app) == expected(decoder) != expected(ours)
    settle(app.selectbox(key="model").set_value(catalogue.BUNDLED_BERT).run())
    assert bars(app) == expected(ours), written(app)
    assert "only those before it" not in written(app)


def test_a_model_of_two_stacks(tiny, monkeypatch) -> None:
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked, **how: tiny("t5"))
    app = opened("syntax")
    assert not app.exception and not charts(app) and "a source and a target" in written(app)


def test_published_heads_stand_beside_ours(bert, ours, monkeypatch) -> None:
    monkeypatch.setattr(published, "MODEL", bert.name)
    monkeypatch.setattr(published, "HEADS", (published.Published("dobj", "obj", 2, 0, 86.8, 40.0),))
    app = opened("syntax", relation="obj")
    share = ours.accuracies("obj")[:, 2, 0].max()
    assert f"86.8 %, offset 40.0 %. That head here: {share:.1%}" in written(app)


@pytest.mark.parametrize("relation", ["", "nonsense"])
def test_an_unknown_relation_in_the_address(relation) -> None:
    app = opened("syntax", relation=relation)
    assert not app.exception and "**obj**" in written(app) and treebank.LIMIT > 0
