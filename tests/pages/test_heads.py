"""Know every head, as Streamlit runs it, without a browser: what is drawn is what `explorer.scores` computes, for one text and for another."""

import functools
import json
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import models
from explorer.capture import capture
from explorer.scores import baselines, families, null, repeated, roles
from explorer.scores.definitions import ALL, BY_NAME
from explorer.scores.measure import on_texts
from explorer.tasks import choose
from explorer.ui.common import session
from explorer.ui.common.open_models import OPEN
from explorer.ui.heads import baselines as kept_baselines
from explorer.ui.heads.roles import TITLES as ROLE_TITLES
from models.surgery import slicing
from tests.pages.shared import after, charts, give, opened, settle, table, tables, written

TEXT = "The cat sat on the mat, and the dog sat on the cat."
OTHER = "Seven green apples fell from a tree."


def board(app, chart: int = 0) -> np.ndarray:
    """The values of the map, (layers, heads)."""
    return table(app, {"row", "head", "value", "removed"}, chart).pivot(index="row", columns="head", values="value").to_numpy()


def points(app, columns: set[str] = frozenset({"layer", "head", "x", "y", "group", "found", "named", "right", "down"})) -> pd.DataFrame:
    return table(app, set(columns)).sort_values(["layer", "head"]).reset_index(drop=True)


@functools.cache
def _known(model: models.Model, texts: tuple[str, ...], part: str | None) -> roles.Known:
    return roles.known(model, texts, part)


def known(model: models.Model, texts: list[str], part: str | None = None) -> roles.Known:
    """`roles.known`, which takes half a second, once for all tests here that expect the same of the same model."""
    return _known(model, tuple(texts), part)


def retexted(app, text: str):
    return settle(app.text_area(key="text").set_value(text).run())


def test_the_map_and_one_head_are_those_of_the_text(bert) -> None:
    app = opened("heads", text=TEXT, score="previous")
    drawn = []
    for text in (TEXT, OTHER):
        retexted(app, text)
        assert not app.exception and len(charts(app)) == 2
        scored = known(bert, [text])
        drawn.append(board(app))
        np.testing.assert_allclose(drawn[-1], scored.scores.values["previous"], atol=1e-5)
        listed = app.dataframe[0].value
        shown = dict(zip(listed["score"], listed["value"], strict=True))
        expected = {score.title: scored.scores.values[score.name][0, 0] for score in ALL if score.name in scored.scores.values}
        assert shown == pytest.approx({title: value for title, value in expected.items() if not np.isnan(value)}, abs=1e-5)
    assert np.abs(drawn[0] - drawn[1]).max() > 0.01, "another text, other scores"
    assert "Texts: 1," in written(app)
    assert any("A_{i,i-1}" in latex.value for latex in app.latex), "the formula is one click away"
    settle(app.selectbox(key="score").set_value("entropy").run())
    np.testing.assert_allclose(board(app), scored.scores.values["entropy"], atol=1e-5)


def test_the_table_has_all_scores_of_all_heads(bert) -> None:
    app = opened("heads", text=TEXT, heads="table")
    for text in (TEXT, OTHER):
        retexted(app, text)
        assert not app.exception
        shown, expected = app.dataframe[0].value, known(bert, [text]).scores.table()
        assert len(shown) == 72 and {"entropy", "rare", "repeated_induction"} <= set(shown.columns)
        pd.testing.assert_frame_equal(shown, expected, check_dtype=False, check_exact=False, atol=1e-5, rtol=1e-4)


def test_roles_and_why(bert) -> None:
    app = opened("heads", text=TEXT, heads="roles")
    for text in (TEXT, OTHER):
        retexted(app, text)
        assert not app.exception and len(charts(app)) == 2
        expected = [(one.layer, one.head, ROLE_TITLES[one.role]) for one in known(bert, [text]).roles()]
        held = app.dataframe[0].value
        assert list(zip(held["layer"], held["head"], held["role"], strict=True)) == expected
        assert (0, 2, "positional") in expected
    assert "Voita et al. 2019" in written(app)


def test_pictures_of_roles_and_of_two_scores_follow_the_text(bert) -> None:
    app = opened("heads", text=TEXT, heads="roles")
    retexted(app, OTHER)
    scored = known(bert, [OTHER])
    strips = table(app, {"layer", "head", "low", "high", "role"})
    drawn = sorted(zip(strips["layer"], strips["head"], strips["role"], strict=True))
    assert drawn == sorted((one.layer, one.head, ROLE_TITLES[one.role]) for one in scored.roles())
    settle(app.button_group(key="heads").set_value("scatter").run())
    retexted(app, TEXT)
    np.testing.assert_allclose(points(app)["x"], known(bert, [TEXT]).scores.values["entropy"].ravel(), atol=1e-5)


def test_families_of_gpt2_mini_by_role() -> None:
    app = opened("heads", text=TEXT, heads="families", coloured="role", layer="0", head="0", model="gpt2-mini")
    model = session.open_model("gpt2-mini", "auto", "auto")
    assert app.selectbox(key="model").value == "gpt2-mini" and not app.exception and len(charts(app)) == 2
    distances = []
    for text in (TEXT, OTHER):
        retexted(app, text)
        found = families.of_texts(model, [text])
        at, drawn = found.layout()[0], points(app)
        assert list(zip(drawn["layer"], drawn["head"], strict=True)) == list(found.heads)
        # A layout may be mirrored; how far heads are apart may not.
        shown = drawn[["x", "y"]].to_numpy()
        np.testing.assert_allclose(np.linalg.norm(shown - shown[0], axis=1), np.linalg.norm(at - at[0], axis=1), atol=1e-3)
        (layer, head), distance = found.nearest((0, 0))[0]
        closest = next(button for button in app.button if str(button.key).startswith("closest_"))
        assert "Closest to 0.0:" in written(app) and closest.label == f"**{layer}.{head}** {distance:.2f}"
        first = {(one.layer, one.head): ROLE_TITLES[one.role] for one in known(model, [text]).roles()[::-1]}
        assert drawn["group"].tolist() == [first.get(at, "none") for at in found.heads]
        distances.append(found.distance)
    assert np.abs(distances[0] - distances[1]).max() > 0.01


def test_layers_and_scatter(bert) -> None:
    app = opened("heads", text=TEXT, heads="layers")
    assert not app.exception and len(charts(app)) == 1
    retexted(app, OTHER)
    values = known(bert, [OTHER]).scores.values
    expected = [values["distance"], values["entropy"], np.fmax(values["first"], values["special"])]
    drawn = [one.sort_values(["layer", "head"])["value"].to_numpy() for one in tables(app) if set(one.columns) == {"layer", "head", "value"}]
    assert len(drawn) == len(expected)
    for one in expected:
        assert any(np.allclose(found, one.ravel(), atol=1e-5) for found in drawn)
    settle(app.button_group(key="heads").set_value("scatter").run())
    assert not app.exception and len(charts(app)) == 2
    for y in ("distance", "first"):
        settle(app.selectbox(key="score_y").set_value(y).run())
        assert not app.exception
        np.testing.assert_allclose(points(app)["x"], values["entropy"].ravel(), atol=1e-5)
        np.testing.assert_allclose(points(app)["y"], values[y].ravel(), atol=1e-5)
        assert BY_NAME[y].title in str(charts(app)[0])


def test_the_projects_texts(bert) -> None:
    app = opened("heads", text=TEXT, scored_on="own", heads_limit="12")
    assert not app.exception and "Texts: 12," in written(app)
    texts = [example.text for example in choose.built_in("classify").examples[:12]]
    np.testing.assert_allclose(board(app), known(bert, texts).scores.values["entropy"], atol=1e-5)


def test_the_head_is_that_of_the_attention_page(bert) -> None:
    app = opened("heads", text=TEXT, layer="3", head="4")
    assert not app.exception and "**Layer 3, head 4**" in written(app)
    listed = app.dataframe[0].value.set_index("score")["value"]
    assert listed["entropy"] == pytest.approx(known(bert, [TEXT]).scores.values["entropy"][3, 4], abs=1e-5)


def test_a_model_of_two_stacks(tiny, monkeypatch) -> None:
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: tiny("t5"))
    app = opened("heads", text="the cat sat")
    np.testing.assert_allclose(board(app), known(tiny("t5"), ["the cat sat"], "encoder").scores.values["entropy"], atol=1e-5)
    settle(app.button_group(key="part").set_value("cross").run())
    assert not app.exception
    np.testing.assert_allclose(board(app), known(tiny("t5"), ["the cat sat"], "cross").scores.values["entropy"], atol=1e-5)
    for view, count in (("roles", 2), ("families", 2), ("layers", 1), ("scatter", 2), ("table", 1)):
        settle(app.button_group(key="heads").set_value(view).run())
        assert not app.exception and len(charts(app)) == count, view
    assert len(app.dataframe[0].value) == 2 * 4


def test_a_view_only_model(tiny, monkeypatch) -> None:
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: tiny("falcon"))
    app = opened("heads", text="the cat sat")
    for text in ("the cat sat", "a dog was in the garden"):
        retexted(app, text)
        assert not app.exception
        np.testing.assert_allclose(board(app), known(tiny("falcon"), [text]).scores.values["entropy"], atol=1e-5)


def test_one_token_has_no_families(tiny, monkeypatch) -> None:
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: tiny("llama"))
    app = opened("heads", text="the", heads="families")
    assert not app.exception and "more than one other" in written(app)


def test_a_file_of_texts(bert) -> None:
    app = opened("heads", text=TEXT, scored_on="file")
    settle(give(app, "heads_file", "texts.txt", b"One two three.\nFour five six.\n"))
    assert not app.exception and "Texts: 2," in written(app)
    expected = known(bert, ["One two three.", "Four five six."]).scores.values["entropy"]
    np.testing.assert_allclose(board(app), expected, atol=1e-5)
    settle(give(app, "heads_file", "bad.csv", b"\xff\xfe\x00"))
    assert not app.exception and not charts(app)


def mark(app, name: str, chart: int = 0) -> object:
    """What a selection of a chart begins with."""
    (pick,) = (param for param in charts(app)[chart]["params"] if param["name"] == name)
    return pick["value"][0]


@pytest.mark.parametrize("view", ["scatter", "roles", "families", "map", "layers"])
def test_two_texts_are_two_pictures(view) -> None:
    app = opened("heads", text=TEXT, heads=view)

    def drawn() -> tuple[str, list]:
        return app.get("vega_lite_chart")[0].proto.id, [one.to_dict() for one in tables(app)]

    first = drawn()
    settle(app.run())
    assert drawn() == first, "nothing changed: the browser keeps what it has"
    retexted(app, OTHER)
    second = drawn()
    assert second[0] != first[0] and second[1] != first[1], "the frame is not kept beyond its data"
    retexted(app, TEXT)
    assert drawn()[1] == first[1]


def test_the_chosen_head_is_marked_in_every_view() -> None:
    app = opened("heads", text=TEXT, layer="3", head="4")
    assert mark(app, "cell") == {"row": 3, "head": 4}
    for view in ("scatter", "roles", "families", "layers"):
        settle(app.button_group(key="heads").set_value(view).run())
        assert mark(app, "head") == {"layer": 3, "head": 4}, view
        assert "**Layer 3, head 4**" in written(app)
    settle(app.button_group(key="heads").set_value("table").run())
    assert app.dataframe[0].value.iloc[3 * 12 + 4][["layer", "head"]].tolist() == [3, 4]
    assert json.loads(app.dataframe[0].proto.selection_default)["selection"]["rows"] == [3 * 12 + 4]
    assert app.query_params["heads"] == "table", "the name, not the title"


def test_scores_do_not_wait_for_what_roles_are_compared_with(bert, monkeypatch) -> None:
    app = opened("heads", text=TEXT, heads="roles", layer="0", head="2")
    before = table(app, {"layer", "head", "low", "high", "role"})
    unread = "No other test reads these few words, so nothing is known of them."
    go_on, compared = threading.Event(), roles.compared

    def slow(*given) -> roles.Known:
        assert go_on.wait(60)
        return compared(*given)

    monkeypatch.setattr(roles, "compared", slow)
    try:
        app.text_area(key="text").set_value(unread).run()
        assert not app.exception and "Still shown" in written(app) and "roles: not known yet" in written(app)
        pd.testing.assert_frame_equal(table(app, {"layer", "head", "low", "high", "role"}), before)
        assert not any("roles" in button.key for button in app.get("download_button")), "another text's roles are not this text's files"
        assert "Comparing" in app.get("progress")[0].proto.text and any(button.label == "Stop" for button in app.button)
        app.button_group(key="heads").set_value("map").run()
        np.testing.assert_allclose(board(app), on_texts(bert, [unread]).values["entropy"], atol=1e-5)
    finally:
        go_on.set()
    settle(app)
    settle(app.button_group(key="heads").set_value("roles").run())
    assert "Still shown" not in written(app) and "not known yet" not in written(app)
    expected = sorted((one.layer, one.head, ROLE_TITLES[one.role]) for one in known(bert, [unread]).roles())
    strips = table(app, {"layer", "head", "low", "high", "role"})
    assert sorted(zip(strips["layer"], strips["head"], strips["role"], strict=True)) == expected


def test_what_no_text_changes_is_computed_once_for_each_model(tiny, monkeypatch) -> None:
    model = replace(tiny("llama"))
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: model)
    drawn, repeated = [], []
    of_model = baselines.of_model
    monkeypatch.setattr(baselines, "of_model", lambda *given: (repeated.append(given[0].number), of_model(*given))[1])
    random = null.random_weights
    monkeypatch.setattr(null, "random_weights", lambda of: (drawn.append(of.number), random(of))[1])
    app = opened("heads", text="the cat sat", heads="roles")
    for text in ("a dog was in the garden", "the dog sat"):
        retexted(app, text)
        assert not app.exception
        expected = [(one.layer, one.head, ROLE_TITLES[one.role]) for one in known(model, [text]).roles()]
        held = app.dataframe[0].value
        assert (list(zip(held["layer"], held["head"], held["role"], strict=True)) if len(held) else []) == expected
    on_page = [number for number in repeated if number == model.number]
    assert len(on_page) == 1 + 2, "once for the page, and twice for this test's own numbers"
    kept_baselines._KEPT.pop(model.number)


def test_what_belongs_to_a_model_goes_with_it(tiny, monkeypatch) -> None:
    model = replace(tiny("llama"))
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: model)
    opened("heads", text="the cat sat")
    assert kept_baselines.known(model.number) is not None
    for forget in OPEN._on_close:
        forget(model.number)
    assert kept_baselines.known(model.number) is None


def test_another_model_and_its_second_text(bert) -> None:
    app = opened("heads", text=TEXT)
    settle(app.text_area(key="pair").set_value(OTHER).run())
    captured = capture(bert, TEXT, OTHER)
    np.testing.assert_allclose(board(app), on_texts(bert, [captured]).values["entropy"], atol=1e-5)
    settle(app.selectbox(key="model").set_value("gpt2-mini").run())
    assert not app.exception
    decoder = models.load("gpt2-mini", device="cpu")
    np.testing.assert_allclose(board(app), on_texts(decoder, [TEXT]).values["entropy"], atol=1e-5)
    settle(app.selectbox(key="score").set_value("repeated_induction").run())
    np.testing.assert_allclose(board(app), repeated.on_repeated(decoder)["repeated_induction"], atol=1e-5)


def test_a_file_stays_when_another_page_is_opened() -> None:
    app = opened("heads", text=TEXT, scored_on="file")
    settle(give(app, "heads_file", "texts.txt", b"One two three.\nFour five six.\n"))
    after(app, "attention")
    app.query_params["scored_on"] = "file"
    after(app, "heads")
    assert not app.exception and "Texts: 2," in written(app) and "texts.txt" in written(app) and len(charts(app)) == 2


def test_layers_with_fewer_heads(tiny, monkeypatch) -> None:
    model = tiny("bert")
    cut = slicing.sliced(model, {0: [1, 2, 3], 1: [0]})
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: cut)
    app = opened("heads", text="the cat sat", layer="0", head="3")
    assert not app.exception and "**Layer 0, head 0**" in written(app), "that layer has one head"
    expected = on_texts(cut, ["the cat sat"]).values["entropy"]
    np.testing.assert_allclose(board(app), expected, atol=1e-5)
    for view in ("scatter", "roles", "families", "layers", "table"):
        settle(app.button_group(key="heads").set_value(view).run())
        assert not app.exception, view
