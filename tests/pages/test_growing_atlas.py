"""Atlas, of a folder that somebody else is still filling: what is drawn is an atlas of just the parts that are there."""

import numpy as np
import pandas as pd
import pytest

from explorer.atlas import making, shards
from explorer.atlas.atlas import Atlas
from explorer.atlas.growing import Growing, There
from explorer.atlas.options import Options
from tests.explorer.atlas.test_reading import corpus
from tests.pages.shared import opened, settle, table, written
from tests.pages.test_atlas import points, shown_rows

N = 3
OPTIONS = Options(batch_tokens=32, per_decile=2, strongest=3)
HEAD = ("decoder", 1, 1)


@pytest.fixture(scope="module")
def files(tiny, tmp_path_factory):
    model, texts, folder = tiny("gpt2"), corpus(), tmp_path_factory.mktemp("shards")
    return [shards.read(model, texts, OPTIONS, i, N, folder) for i in range(N)]


def of(files, *numbers) -> Atlas:
    return Growing().atlas(There(tuple((files[i], 0, 0) for i in numbers), N))


def as_drawn(app, atlas: Atlas, run=lambda app: settle(app.run())) -> None:
    np.testing.assert_allclose(points(app)["x"], atlas.heads["previous"])
    rows = atlas.rows(HEAD)
    sample = rows[rows["kind"] == "sample"]
    assert len(shown_rows(app)) == min(20, len(sample)) > 0
    for body in shown_rows(app):
        assert any(f'style="--w: {row.weights[0]:.3f}"' in body for row in sample.itertuples())
    app.segmented_control(key="atlas_shows").set_value("distances")
    run(app)
    bars = table(app, {"bin", "share", "others"}, 1)
    np.testing.assert_allclose(sorted(bars["share"][bars["share"] > 0]), sorted(atlas.distances(HEAD)["share"]))
    app.segmented_control(key="atlas_shows").set_value("tokens")
    run(app)
    every = atlas.tokens(HEAD)
    for frame, side in zip(app.dataframe, ("query", "key"), strict=True):
        found = every[(every["side"] == side) & (every["by"] == "mass")]
        np.testing.assert_allclose(frame.value["share"], found["share"])
        assert len(found) and frame.value["times"].tolist() == found["count"].tolist()
    app.segmented_control(key="atlas_shows").set_value("rows")
    run(app)


def test_an_atlas_in_the_making_is_that_of_the_parts_that_are_there(files, tmp_path) -> None:
    folder = tmp_path / "out"
    work = folder.with_name(folder.name + making.WORK)
    work.mkdir()
    app = opened("atlas", model="gpt2-mini", atlas_of="folder", atlas_folder=str(folder), layer="1", head="1")
    assert "Nothing of this atlas is read yet" in written(app) and not app.exception
    # The first part comes later than the second: what random weights do is not known until then.
    for numbers in ((1,), (0, 1)):
        for i in numbers:
            (work / files[i].name).write_bytes(files[i].read_bytes())
        settle(app.run())
        assert not app.exception and f"{len(numbers)} of {N} parts" in written(app)
        assert ("come with the first part" in written(app)) == (0 not in numbers)
        as_drawn(app, of(files, *numbers))
    assert not np.allclose(of(files, 1).heads["previous"], of(files, 0, 1).heads["previous"])
    recipe, found = next(code.value for code in app.code if "growing" in code.value), {}
    exec(compile(recipe, "recipe", "exec"), found)
    pd.testing.assert_frame_equal(found["atlas"].heads, of(files, 0, 1).heads)
    whole = Atlas.of(shards.merge(files))
    whole.write(folder)
    settle(app.run())
    assert "parts" not in written(app) and not app.exception
    as_drawn(app, whole)
