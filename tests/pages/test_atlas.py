"""Atlas, as Streamlit runs it, without a browser: what is drawn is what the tables say, for one model, metric and head and for others."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest

import models
from explorer.ablation.results import TaskResults
from explorer.ablation.sweep import sweep
from explorer.atlas import changed, corpus, making, shipped, space
from explorer.atlas.edges import DIRECTIONS
from explorer.atlas.options import Options
from explorer.capture import capture
from explorer.jobs import JOBS
from explorer.scores import published
from explorer.tasks import choose
from explorer.tasks.data import Asked
from explorer.tokens import labels
from explorer.ui.atlas import numbers, source
from explorer.ui.atlas.choices import title_of
from explorer.ui.common import model_names, task_choice
from models.opening import allowed
from tests.pages.shared import after, charts, give, opened, run_recipe, settle, shared, table, tables, written

POINTS = {"layer", "head", "x", "y", "group", "found", "named", "right", "down"}
MOVED = {"layer", "head", "x", "y", "x2", "y2", "change", "named", "right", "down"}


def points(app, chart: int = 0) -> pd.DataFrame:
    return table(app, POINTS, chart).sort_values(["layer", "head"]).reset_index(drop=True)


def shown_rows(app) -> list[str]:
    return [element.proto.body for element in app.get("html") if 'class="head-row"' in element.proto.body]


def links(app, page: str) -> list[dict[str, list[str]]]:
    return [parse_qs(link.proto.query_string) for link in app.get("page_link") if link.proto.page == page]


@pytest.mark.parametrize("name", ["gpt2-mini", "bert-mini"])
def test_points_are_the_metrics_of_the_shipped_atlas(name) -> None:
    app = opened("atlas", model=name)
    atlas = shipped.opened(name)
    heads = atlas.heads.loc[atlas.parts[0]]
    assert not app.exception
    for x, y in (("previous", "entropy"), ("distance", "norm")):
        app.selectbox(key="x").set_value(x)
        settle(app.selectbox(key="y").set_value(y).run())
        drawn = points(app)
        assert list(zip(drawn["layer"], drawn["head"], strict=True)) == list(heads.index)
        np.testing.assert_allclose(drawn["x"], heads[x])
        np.testing.assert_allclose(drawn["y"], heads[y])
        titles = json.dumps(charts(app)[0])
        assert title_of(x) in titles and title_of(y) in titles
    assert drawn["found"].all()
    assert "391 texts" in written(app)


@pytest.mark.parametrize("name", shipped.names())
def test_another_model_is_never_the_one_that_is_shown(name) -> None:
    app = opened("atlas", model=name, atlas_view="changed", atlas_against="model")
    assert not app.exception
    titles = [box.options for box in app.selectbox if box.key == "atlas_second"]
    assert all(model_names.title(name) not in options for options in titles)
    sizes = {
        other: shipped.opened(other).sizes(shipped.opened(name).parts[0])
        for other in shipped.names()
        if other != name and shipped.opened(name).parts[0] in shipped.opened(other).parts
    }
    alike = [model_names.title(other) for other, size in sizes.items() if size == shipped.opened(name).sizes(shipped.opened(name).parts[0])]
    assert not alike or app.selectbox(key="atlas_second").value in {other for other, size in sizes.items() if model_names.title(other) in alike}


def test_an_atlas_of_a_folder_opens_its_own_model() -> None:
    app = opened("atlas", model="bert-mini", atlas_of="folder", atlas_folder=str(shipped.DATA / "gpt2-mini"))
    assert not app.exception and "This atlas is of gpt2-mini" in written(app)
    for page in ("attention", "prune", "compare"):
        assert links(app, page) and {one for link in links(app, page) for one in link["model"]} == {"gpt2-mini"}
    assert "This atlas is of" not in written(opened("atlas", model="gpt2-mini"))


def test_what_was_not_read_is_said() -> None:
    app = opened("atlas", model="gpt2-mini", atlas_of="file", atlas_tokens=100)
    give(app, "atlas_file", "many.txt", ("word " * 600 + "\n" + "A cat.\n" * 5).encode())
    settle(app)
    limit = models.load("gpt2-mini", "cpu", "float32").max_length
    assert f"{limit} tokens" in written(app) and "1 texts are longer" in written(app) and "Of 6 texts the first 1 were read" in written(app)
    # Most of Chinese is unknown to MiniLM, and all of it known to a model that reads Chinese.
    app = opened("atlas", model="all-MiniLM-L6-v2", atlas_of="zh")
    settle(app)
    assert "of their tokens are" in written(app) and "UNK" in written(app)
    assert "of their tokens are" not in written(opened("atlas", model="zh-mini"))


def test_heads_are_coloured_and_placed_by_all_metrics() -> None:
    app, atlas = opened("atlas", model="gpt2-mini", atlas_view="pca", atlas_colour="role"), shipped.opened("gpt2-mini")
    np.testing.assert_allclose(points(app)[["x", "y"]], space.layout(atlas, "decoder", "pca"), atol=1e-6)
    groups = points(app)["group"]
    assert [group == "no role" for group in groups] == [not len(roles) for roles in atlas.heads["roles"]]
    assert "induction" in set(groups) or "sink" in set(groups)
    app.segmented_control(key="atlas_view").set_value("tsne")
    settle(app.selectbox(key="atlas_colour").set_value("cluster").run())
    np.testing.assert_allclose(points(app)[["x", "y"]], space.layout(atlas, "decoder", "tsne"), atol=1e-5)
    assert [int(re.findall(r"\d+", group)[0]) for group in points(app)["group"]] == space.clusters(atlas, "decoder").tolist()


def test_heads_are_found_by_what_they_do_and_by_one_that_they_are_like() -> None:
    app, atlas = opened("atlas", model="gpt2-mini", find_head="previous > .25"), shipped.opened("gpt2-mini")
    held = atlas.heads["previous"] > 0.25
    assert points(app)["found"].tolist() == held.astype(int).tolist() and 0 < held.sum() < len(held)
    assert f"{held.sum()} of 48" in written(app)
    _part, layer, head = atlas.heads.index[np.flatnonzero(held)[1]]
    settle(app.button(key=f"atlas_found_{layer}_{head}").click().run())
    assert (shared(app, "layer"), shared(app, "head")) == (str(layer), str(head))
    assert f"Layer {layer}, head {head}" in written(app)
    like = space.like(atlas, ("decoder", layer, head), 4)
    assert all(app.button(key=f"atlas_like_{one.layer}_{one.head}") for one in like.itertuples())
    settle(app.text_input(key="find_head").set_value("previous > many").run())
    assert "is no number" in written(app) and points(app)["found"].all()


def test_rows_are_the_kept_ones_and_lead_to_the_live_model() -> None:
    atlas = shipped.opened("gpt2-mini")
    for head in (("decoder", 2, 4), ("decoder", 4, 1)):
        app = opened("atlas", model="gpt2-mini", layer=str(head[1]), head=str(head[2]))
        kept = atlas.rows(head)
        sample = kept[kept["kind"] == "sample"]
        assert len(shown_rows(app)) == 20
        doors = [link for link in links(app, "attention") if "text" in link]
        assert len(doors) == 20
        for body, door in zip(shown_rows(app), doors, strict=True):
            (line,) = [one for one in sample.itertuples() if door["text"] == [atlas.written(one.text, "decoder")] and door["q"] == [str(one.row)]]
            tokens = atlas.text(line.text, "decoder")[0]
            assert (
                re.search(r'class="[^"]*\bq\b[^"]*"[^>]*>([^<]*)<', body)[1].replace("&#x27;", "'").replace("&quot;", '"')
                == tokens[line.row].strip()
            )
            big = {f"{weight:.2f}" for weight in line.weights if weight >= 0.05}
            assert set(re.findall(r"<sup>([^<]*)</sup>", body)) == big
            # Words are told from pieces of them: a piece follows the one before without a space.
            written_as = labels([token for token in tokens if not token.startswith(" ")])
            pieces = re.findall(r'(.)<span class="t( on)?[^>]*>([^<]*)<', body)
            for before, on, piece in pieces[1:]:
                assert (before == " ") == (not on) and (not on or unescape(piece) in written_as)
            assert door["layer"] == [str(head[1])] and door["head"] == [str(head[2])] and door["model"] == ["gpt2-mini"]
        settle(app.selectbox(key="atlas_rows_of").set_value("strongest").run())
        assert len(shown_rows(app)) == (kept["kind"] == "strongest").sum()


def test_a_row_of_the_atlas_is_what_the_live_model_does() -> None:
    """The row that a link leads to has the weights that the atlas says."""
    model, atlas, head = models.load("gpt2-mini", device="cpu"), shipped.opened("gpt2-mini"), ("decoder", 3, 0)
    for one in atlas.rows(head).iloc[::7].itertuples():
        captured = capture(model, atlas.written(one.text, "decoder"))
        pattern = captured.pattern(3, 0, rows=slice(one.row, one.row + 1))[0]
        np.testing.assert_allclose(pattern[one.keys], one.weights, atol=1e-5)


@pytest.mark.parametrize("name", ["gpt2-mini", "bert-mini"])
def test_a_row_is_followed_into_the_live_model_and_edited_there(name) -> None:
    atlas = shipped.opened(name)
    part = atlas.parts[0]
    app = opened("atlas", model=name, layer="2", head="4")
    door = next(link for link in links(app, "attention") if "text" in link)
    (line,) = [one for one in atlas.rows((part, 2, 4)).query("kind == 'sample'").itertuples() if _leads_to(atlas, part, one, door)]
    live, columns = opened("attention", **{key: value[0] for key, value in door.items()}), {"r", "c", "end", "q", "w"}
    # What is drawn first is the row as the atlas keeps it.
    pinned, drawn = table(live, {"c", "w"}, chart=1), table(live, columns, chart=2)
    of_row = drawn[drawn["r"] == line.row].set_index("c")["w"]
    np.testing.assert_allclose(pinned.set_index("c")["w"].loc[of_row.index], of_row, atol=1e-6)
    np.testing.assert_allclose(of_row.loc[line.keys], line.weights, atol=1e-5)
    assert 1 - of_row.loc[line.keys].sum() == pytest.approx(line.left, abs=1e-5)
    # Then its text is changed, in front of that token and behind it.
    model, text = models.load(name, device="cpu"), door["text"][0]
    for edited in (f"Yesterday {text}", f"{text} Nobody knew why."):
        settle(live.text_area(key="text").set_value(edited).run())
        assert not live.exception
        captured = capture(model, edited)
        expected, seen = captured.pattern(2, 4), captured.visible(2)
        np.testing.assert_allclose(table(live, columns, chart=2)["w"], expected[seen], atol=1e-6)
        np.testing.assert_allclose(table(live, {"c", "w"}, chart=1).sort_values("c")["w"], expected[line.row][seen[line.row]], atol=1e-6)
        assert seen.sum() > len(drawn)


def _leads_to(atlas, part, row, door) -> bool:
    return door["text"] == [atlas.written(row.text, part)] and door["q"] == [str(row.row)]


def test_rows_are_chosen_by_what_they_look_at() -> None:
    app = opened("atlas", model="gpt2-mini", layer="1", head="0")
    every = app.selectbox(key="lands").options
    assert every[0] == "anything" and any(option.startswith("not on") for option in every)
    counts = {option.rpartition(" (")[0]: int(option.rpartition("(")[2][:-1]) for option in every[1:]}
    kinds = {name: n for name, n in counts.items() if not name.startswith("not on")}
    assert sum(kinds.values()) == 40
    name = max(kinds, key=kinds.get)
    assert counts[f"not on {name}"] <= 40 - kinds[name]
    settle(app.selectbox(key="lands").set_value(next(value for value in ("first", "induction", "previous") if value)).run())
    assert not app.exception and len(shown_rows(app)) == min(20, kinds.get("the first token", 0))


def test_attention_between_two_texts_opens_on_what_it_is_sure_of() -> None:
    app, atlas = opened("atlas", model="translate-mini", part="cross"), shipped.opened("translate-mini")
    assert app.selectbox(key="x").value == "confidence"
    np.testing.assert_allclose(points(app)["x"], atlas.heads.loc["cross"]["confidence"])


def test_what_is_left_out_is_left_out_whatever_else_it_is() -> None:
    """In the second row the first token is the previous one: such a row is no failure of a head that looks at the previous token."""
    app, atlas = opened("atlas", model="gpt2-mini", layer="0", head="5", lands="not-previous"), shipped.opened("gpt2-mini")
    sample = atlas.rows(("decoder", 0, 5)).query("kind == 'sample'")
    both = [one for one in sample.itertuples() if (one.row, one.keys[0]) == (1, 0)]
    n = sum(one.keys[0] != one.row - 1 for one in sample.itertuples())
    assert both and 0 < n < 20 and len(shown_rows(app)) == n
    assert f"not on the previous token ({n})" in app.selectbox(key="lands").options


def test_rows_say_how_long_outputs_are_and_marks_how_long_a_weighted_value_is() -> None:
    app, atlas = opened("atlas", model="bert-mini", layer="3", head="4", lands="special"), shipped.opened("bert-mini")
    sample = atlas.rows(("encoder", 3, 4)).query("kind == 'sample'")
    rests = [atlas.text(one.text, "encoder")[1][one.keys[0]] for one in sample.itertuples()]
    those, others = sample[rests]["norm"], sample[~np.array(rests)]["norm"]
    assert 0 < len(those) < len(sample)
    said = f"Length of the output: {those.mean():.2f} on average in these {len(those)} rows, {others.mean():.2f} in the other {len(others)}."
    assert not app.exception and said in written(app)
    settle(app.selectbox(key="lands").set_value("not-special").run())
    said = f"{others.mean():.2f} on average in these {len(others)} rows, {those.mean():.2f} in the other {len(those)}."
    assert said in written(app)
    titles = {title for body in shown_rows(app) for title in re.findall(r'title="([^"]*)"', body)}
    pairs = {(w, n) for one in sample.itertuples() for w, n in zip(one.weights, one.norms, strict=True)}
    told = {f"{w:.4f}; times its value, a length of {n:.2f}" for w, n in pairs}
    assert {title for title in titles if ";" in title} <= told and any(";" in title for title in titles)
    settle(app.selectbox(key="lands").set_value("").run())
    assert "on average in these" not in written(app)


def test_the_head_that_finds_objects_and_where_it_fails() -> None:
    app, atlas = opened("atlas", model="all-MiniLM-L6-v2", atlas_view="relations"), shipped.opened("all-MiniLM-L6-v2")
    assert app.selectbox(key="relation").value == "obj"
    of = atlas.edges[(atlas.edges["relation"] == "obj")]
    drawn = points(app)
    for axis, direction in zip("xy", DIRECTIONS, strict=True):
        lines = of[of["direction"] == direction]
        np.testing.assert_allclose(drawn[axis], lines["found"] / lines["due"])
    best = of[of["direction"] == DIRECTIONS[0]].sort_values("found", ascending=False, kind="stable").iloc[0]
    button = app.button(key=f"atlas_best_0_{best['layer']}_{best['head']}")
    assert f"{best['found'] / best['due']:.0%}" in button.label
    settle(button.click().run())
    rows = atlas.rows(("encoder", best["layer"], best["head"])).query("relation == 'obj'")
    assert len(shown_rows(app)) == len(rows) > 0
    titles = [link.proto.label for link in app.get("page_link")]
    assert any("finds obj" in title for title in titles) and any("misses obj" in title for title in titles)
    assert any('due"' in body for body in shown_rows(app))
    settle(app.selectbox(key="relation").set_value("nsubj").run())
    other = atlas.edges[(atlas.edges["relation"] == "nsubj") & (atlas.edges["direction"] == DIRECTIONS[0])]
    np.testing.assert_allclose(points(app)["x"], other["found"] / other["due"])


@pytest.mark.parametrize("shows", ["tokens", "distances", "metrics", "texts"])
def test_numbers_of_a_head_are_those_of_the_atlas(shows) -> None:
    atlas = shipped.opened("bert-mini")
    for layer, number in ((0, 1), (3, 5)):
        app, head = opened("atlas", model="bert-mini", layer=str(layer), head=str(number), atlas_shows=shows), ("encoder", layer, number)
        assert not app.exception
        if shows == "tokens":
            kept = atlas.tokens(head)
            for frame, side in zip(app.dataframe, ("query", "key"), strict=True):
                expected = kept[(kept["side"] == side) & (kept["by"] == "mass")]
                np.testing.assert_allclose(frame.value["share"], expected["share"])
                assert frame.value["times"].tolist() == expected["count"].tolist()
                # A word and the piece of one that is written alike are two tokens.
                assert frame.value["token"].tolist() == [token.replace(" ", "␣") for token in expected["token"]]
                assert frame.value["token"].is_unique
        elif shows == "distances":
            bars = table(app, {"bin", "share", "others"}, 1)
            np.testing.assert_allclose(sorted(bars["share"][bars["share"] > 0]), sorted(atlas.distances(head)["share"]))
            assert bars["others"].sum() == pytest.approx(1)
        elif shows == "metrics":
            ticks = table(app, {"metric", "name", "place", "value", "here"}, 1)
            here = ticks[ticks["here"] == 1]
            np.testing.assert_allclose(here["value"], atlas.heads.loc[head, atlas.metrics].dropna().astype(float))
            assert ticks["place"].min() == 0 and ticks["place"].max() == 1
            np.testing.assert_allclose(app.dataframe[0].value["mean"], here["value"])
        else:
            line = atlas.heads.loc[head]
            assert f"{line['sink_texts_on']} of {line['sink_texts']} texts alone" in written(app)


def test_cross_attention_has_heads_of_its_own() -> None:
    app, atlas = opened("atlas", model="translate-mini", part="cross"), shipped.opened("translate-mini")
    np.testing.assert_allclose(points(app)["y"], atlas.heads.loc["cross"]["entropy"])
    kept = atlas.rows(("cross", 0, 0))
    starts = []
    for body, door in zip(shown_rows(app), [link for link in links(app, "attention") if "text" in link], strict=True):
        # The target around the token stands above the source, and what the decoder begins with is no padding.
        above, below = re.fullmatch(r"<div class.*?><div>(.*)</div><div>→ (.*)</div></div>", body).groups()
        row = int(door["q"][0])
        (line,) = {one.text for one in kept.itertuples() if one.row == row and door["text"] == [atlas.written(one.text, "encoder")]}
        target = atlas.text(line, "decoder")[0]
        assert re.findall(r'class="t q"[^>]*>([^<]*)<', above) == ["start" if row == 0 else target[row]]
        pieces = re.findall(r'class="t[^>]*>([^<]*)<', above)
        assert set(pieces) <= {"start", *target[1:]} and len(pieces) > 1
        assert 'class="t q"' not in below and "[PAD]" not in body
        starts.append("start" in pieces)
    assert any(starts) and "the decoder has just read" in written(app)
    settle(app.segmented_control(key="part").set_value("decoder").run())
    np.testing.assert_allclose(points(app)["y"], atlas.heads.loc["decoder"]["entropy"])


def test_a_file_is_read_with_this_model_and_its_atlas_drawn(monkeypatch) -> None:
    app = opened("atlas", model="gpt2-mini", atlas_of="file")
    content = "".join(f"The cat sat on mat number {i}, and it was warm.\n" for i in range(30)).encode()
    settle(give(app, "atlas_file", "cats.txt", content))
    assert not app.exception
    model = models.load("gpt2-mini", device="cpu")
    made = making.make(model, corpus.of_file(content, "cats.txt"), Options(tokens=20_000))
    np.testing.assert_allclose(points(app)["x"], made.heads["previous"], atol=1e-6)
    assert "cats.txt" in written(app) and "30 texts" in written(app)
    settle(app.segmented_control(key="atlas_view").set_value("relations").run())
    assert "CoNLL-U" in written(app)
    settle(give(app, "atlas_file", "bad.csv", b"a,b\n1,2,3\n"))
    assert app.error or app.warning or "bad.csv" in written(app)


def test_heads_that_pruning_changed() -> None:
    app, atlas = opened("atlas", model="gpt2-mini", atlas_view="changed", layer="2", head="3"), shipped.opened("gpt2-mini")
    settle(app.button(key="atlas_switch_off").click().run())
    assert shared(app, "pruned") == "2.3" and not app.exception
    other = making.make(models.load("gpt2-mini", device="cpu"), corpus.own(), Options(pruned="2.3"))
    expected = changed.between(atlas, other, "decoder")
    first = expected.iloc[0]
    assert (first["layer"], first["head"], first["metric"]) == (2, 3, "norm")
    assert f"{first['change']:.2f}" in app.button(key="atlas_changed_2_3").label
    drawn = table(app, MOVED)
    np.testing.assert_allclose(drawn["change"], expected["change"], atol=1e-6)
    # What lies below the head did not change; the shipped atlas was made on another processor, which rounds otherwise.
    below = drawn[drawn["layer"] < 2]
    np.testing.assert_allclose(below[["x", "y"]], below[["x2", "y2"]], rtol=0, atol=1e-6)
    assert np.abs(drawn["y"] - drawn["y2"]).max() > 1e-3
    assert "standard errors" in written(app)
    settle(app.text_input(key="pruned").set_value("9.9").run())
    assert "no head" in written(app)


def test_a_second_model_and_a_folder(tmp_path) -> None:
    app = opened("atlas", model="all-MiniLM-L6-v2", atlas_view="changed", atlas_against="model", atlas_second="minilm-sst2")
    expected = changed.between(shipped.opened("all-MiniLM-L6-v2"), shipped.opened("minilm-sst2"), "encoder")
    np.testing.assert_allclose(table(app, MOVED)["change"], expected["change"])
    app = opened("atlas", model="all-MiniLM-L6-v2", atlas_of="folder", atlas_folder=str(shipped.DATA / "minilm-sst2"))
    np.testing.assert_allclose(points(app)["x"], shipped.opened("minilm-sst2").heads["previous"])
    settle(app.text_input(key="atlas_folder").set_value(str(tmp_path)).run())
    assert "holds no atlas" in written(app) and not app.exception


def test_strangers_name_no_folder(monkeypatch) -> None:
    monkeypatch.setattr(allowed.NOW, "folders", False)
    app = opened("atlas", model="gpt2-mini", atlas_of="folder", atlas_folder=str(shipped.DATA / "bert-mini"))
    assert "folder" not in app.selectbox(key="atlas_of").options and not app.text_input(key="find_head").value
    np.testing.assert_allclose(points(app)["x"], shipped.opened("gpt2-mini").heads["previous"])


def test_a_stop_ends_the_reading_and_it_can_go_on(monkeypatch) -> None:
    app = opened("atlas", model="gpt2-mini")
    before = points(app)
    monkeypatch.setattr(source.jobs, "MOMENT_S", 0)
    app.selectbox(key="atlas_of").set_value("file").run()
    give(app, "atlas_file", "long.txt", b"".join(b"A sentence with the number %d in it, that is read.\n" % i for i in range(1500)))
    stop = next(button for button in app.button if str(button.key).startswith("stop_job_"))
    assert "Still shown" in written(app) and points(app).equals(before)
    stop.click().run()
    settle(app)
    assert "Stopped: Reading long.txt with gpt2-mini" in written(app) and not JOBS.running()
    next(button for button in app.button if str(button.key).startswith("go_on_")).click().run()
    settle(app)
    assert not app.exception and len(points(app)) == 48 and not points(app).equals(before)


def test_addresses_that_name_nothing_open_the_default() -> None:
    app = opened("atlas", model="gpt2-mini", atlas_view="what", x="nothing", atlas_shows="?", layer="99", head="77", relation="x", lands="y")
    assert not app.exception
    assert urlsplit("x").path == "x" and len(tables(app)) >= 1
    np.testing.assert_allclose(points(app)["x"], shipped.opened("gpt2-mini").heads["previous"])


TWO = b"sentence;review\n" + 3 * b"The cat sat on the mat because it was warm.;Nobody came to the old house by the river.\n"


def test_the_column_that_is_read_is_shown_and_can_be_another_one(tmp_path, monkeypatch) -> None:
    app = opened("atlas", model="gpt2-mini", atlas_of="file")
    settle(give(app, "atlas_file", "two.csv", TWO))
    assert not app.exception and "3 texts" in written(app)

    def box(label: str):
        return next(one for one in app.selectbox if one.label == label)

    model, taken = models.load("gpt2-mini", device="cpu"), {}
    for column in (1, 0):
        settle(box("Texts").set_value(column).run())
        name = ("sentence", "review")[column]
        made = making.make(model, corpus.of_file(TWO, "two.csv", Asked(text=name, pair="")), Options(tokens=20_000))
        np.testing.assert_allclose(points(app)["x"], made.heads["previous"], atol=1e-6)
        assert f'text: "{name}" ({column + 1}).' in written(app).replace("\\", "")
        taken[column] = points(app)["x"].to_numpy()
    assert not np.allclose(taken[0], taken[1])
    (tmp_path / "two.csv").write_bytes(TWO)
    monkeypatch.chdir(tmp_path)
    recipe, _printed = run_recipe(app)
    assert "choose.Asked(text='1'" in recipe


def test_what_a_task_loses_without_the_head_stands_beside_it_once_it_is_known() -> None:
    address = {"model": "minilm-sst2", "layer": "3", "head": "5"}
    assert "Removed alone" not in written(opened("atlas", **address))
    app = opened("importance", limit="4", **address)
    settle(app.button(key="compute_exact").click().run())
    app = after(app, "atlas")
    model = models.load("minilm-sst2", device="cpu")
    task = choose.make("classify", model, choose.built_in("classify").first(4))
    found = sweep(task)
    for layer, head in ((3, 5), (0, 1)):
        app.query_params["layer"], app.query_params["head"] = str(layer), str(head)
        settle(app.run())
        without = found.without[layer, head]
        loss, score = without.mean_loss - found.baseline.mean_loss, without.score - found.baseline.score
        assert f"4 examples; its output becomes zero): loss {loss:+.3f}, score {score:+.3f}" in written(app)
    # Nobody else is told of the examples that a viewer has chosen.
    assert "Removed alone" not in written(opened("atlas", **address))


def test_what_is_known_of_the_projects_own_examples_everybody_sees(monkeypatch) -> None:
    model, head = models.load("minilm-sst2", device="cpu"), (2, 7)
    monkeypatch.setattr(task_choice, "LIMIT", 6)
    opened("prune", model="minilm-sst2", limit="6", pruned="2.7")
    app = opened("atlas", model="minilm-sst2", layer=str(head[0]), head=str(head[1]))
    scorer = TaskResults(choose.make("classify", model, choose.built_in("classify").first(6)))
    loss = scorer.score(frozenset([head])).mean_loss - scorer.score().mean_loss
    assert f"6 examples; its output becomes zero): loss {loss:+.3f}" in written(app)
    assert "Removed alone" not in written(opened("atlas", model="all-MiniLM-L6-v2", layer="2", head="7"))


def test_published_figures_stand_beside_ours(monkeypatch) -> None:
    figures = tuple(published.Figure("repeated_induction", 1, head, 0.9, published.RANDOM_TOKENS) for head in (4, 5))
    monkeypatch.setitem(published.FIGURES, "gpt2-mini", figures)
    atlas = shipped.opened("gpt2-mini")
    for head in (4, 5):
        ours = atlas.heads.loc[("decoder", 1, head), "repeated_induction"]
        assert f"0.900 ({published.RANDOM_TOKENS}); here {ours:.3f}." in written(opened("atlas", model="gpt2-mini", layer="1", head=str(head)))
    assert "Published" not in written(opened("atlas", model="gpt2-mini", layer="1", head="6"))


def test_bins_of_distances_are_called_by_words() -> None:
    assert [numbers.called(*bin) for bin in ((0, 0), (-3, -3), (17, 32), (-256, -129), (2049, 4096), (-4096, -2049))] == [
        *("0", "-3", "17 to 32 on", "129 to 256 back", "over 2,048 on", "over 2,048 back")
    ]
    app, atlas = opened("atlas", model="bert-mini", atlas_shows="distances"), shipped.opened("bert-mini")
    (bins,) = [one["value"] for one in charts(app)[1]["params"] if one["name"] == "bin_labels"]
    assert len(bins) == len(atlas.distances_of("encoder")[["low", "high"]].drop_duplicates()) and "17 to 32 back" in bins


def test_that_no_row_is_induction_is_an_answer() -> None:
    app, atlas = opened("atlas", model="gpt2-mini", layer="4", head="7"), shipped.opened("gpt2-mini")
    titles = app.selectbox(key="lands").options
    assert "what followed an earlier copy (induction) (0)" in titles
    assert "not on what followed an earlier copy (induction) (40)" in titles
    settle(app.selectbox(key="lands").set_value("not-induction").run())
    assert len(shown_rows(app)) == 20 and len(atlas.rows(("decoder", 4, 7)).query("kind == 'sample'")) == 40
    settle(app.selectbox(key="lands").set_value("induction").run())
    assert not shown_rows(app) and "None of the kept rows" in written(app) and "random tokens that are repeated" in written(app)
    # It stands last, and nothing else is offered that no row is.
    assert titles[-1] == "what followed an earlier copy (induction) (0)" and sum("(0)" in title for title in titles) == 1
    assert not any("induction" in title for title in opened("atlas", model="translate-mini", part="cross").selectbox(key="lands").options)
