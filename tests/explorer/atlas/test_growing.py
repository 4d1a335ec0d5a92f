"""An atlas in the making is the one of just the shards that are there."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from explorer.atlas import growing, making, plan, shards
from explorer.atlas.atlas import Atlas
from explorer.atlas.options import Options
from explorer.scores.roles import ROLES
from explorer.units import store
from models.errors import InputError
from tests.explorer.atlas.test_reading import corpus as made_up

OPTIONS = Options(batch_tokens=32, per_decile=2, strongest=3)
N = 4


@pytest.fixture(scope="module", params=["gpt2", "bart"])
def read(request, tiny, tmp_path_factory):
    """A model, its corpus and the files of all shards."""
    model, corpus, folder = tiny(request.param), made_up(12, pairs=request.param == "bart"), tmp_path_factory.mktemp("shards")
    return model, corpus, [shards.read(model, corpus, OPTIONS, i, N, folder) for i in range(N)]


def alone(model, corpus, numbers, folder, options=OPTIONS) -> Atlas:
    """An atlas of the batches of some shards, read as if there were no others."""
    whole = plan.made(model, corpus, options)
    only = dataclasses.replace(whole, batches=tuple(batch for number in numbers for batch in whole.shard(number, N)))
    return Atlas.of(shards.merge([shards.read(model, corpus, options, 0, 1, folder, None, only)]))


def same(one: Atlas, other: Atlas, without=()) -> None:
    for name in ("heads", "tokens", "distances", "peaks", "rows", "edges", "texts"):
        tables = [of._tables[name].to_pandas().drop(columns=list(without), errors="ignore") for of in (one, other)]
        pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert len(one._tables["rows"]) and len(one._tables["tokens"])


def there(files, numbers) -> growing.There:
    return growing.There(tuple((files[i], 0, 0) for i in numbers), N)


def test_what_is_there_is_an_atlas_of_just_that(read, tmp_path):
    model, corpus, files = read
    grows = growing.Growing()
    for n, numbers in enumerate(((0,), (0, 2), (0, 2, 3))):
        made = grows.atlas(there(files, numbers))
        same(made, alone(model, corpus, numbers, tmp_path / str(n)))
        assert growing.of_shards(made) == [len(numbers), N]
    whole = making.make(model, corpus, OPTIONS)
    assert not made._tables["rows"].equals(whole._tables["rows"]) and growing.of_shards(whole) is None
    same(grows.atlas(there(files, range(N))), Atlas.of(shards.merge(files)))
    # A file less than before, or one written anew: what it said is not kept.
    same(grows.atlas(there(files, (0, 3))), alone(model, corpus, (0, 3), tmp_path / "less"))


def test_without_the_first_shard_no_head_has_beaten_random_weights(read, tmp_path, monkeypatch):
    model, corpus, files = read
    role = dataclasses.replace(next(role for role in ROLES if role.beats_random), threshold=-1.0)
    monkeypatch.setattr("explorer.atlas.tables.ROLES", (role,))
    made = growing.Growing().atlas(there(files, (1, 2)))
    free = dataclasses.replace(role, beats_random=False)
    assert not any(len(roles) for roles in made.heads["roles"]) and not made.manifest["bounds"]
    monkeypatch.setattr("explorer.atlas.tables.ROLES", (free,))
    assert all(len(roles) for roles in growing.Growing().atlas(there(files, (1, 2))).heads["roles"])
    random = ["roles", *(name for name in made._tables["heads"].column_names if name.startswith("repeated_"))]
    same(made, alone(model, corpus, (1, 2), tmp_path / "alone"), without=random)


def test_shards_are_found_where_the_command_puts_them(read, tmp_path):
    _model, _corpus, files = read
    assert growing.IN_UNITS == store.SHARDS
    assert growing.there(tmp_path) is None and growing.there(tmp_path / "nothing") is None
    work, units = tmp_path / f"out{making.WORK}", tmp_path / "units"
    work.mkdir()
    units.mkdir()
    assert growing.there(tmp_path / "out") == growing.There()
    assert growing.there(units) is None
    (units / store.MANIFEST).write_text("{}")
    assert growing.there(units) == growing.There()
    (units / store.SHARDS).mkdir()
    for place in (work, units / store.SHARDS):
        (place / files[1].name).write_bytes(files[1].read_bytes())
        (place / "other.npz").write_bytes(b"")
    for folder in (tmp_path / "out", work, units):
        found = growing.there(folder)
        assert [file.name for file, _time, _size in found.files] == [files[1].name] and found.all == N


def test_a_broken_shard_counts_as_one_that_is_not_there(read, tmp_path):
    _model, _corpus, files = read
    work = tmp_path / "out.work"
    work.mkdir()
    for file in files[:2]:
        (work / file.name).write_bytes(file.read_bytes())
    (work / files[1].name).write_bytes(b"broken")
    grows = growing.Growing()
    assert growing.of_shards(grows.atlas(growing.there(tmp_path / "out"))) == [1, N]
    (work / files[1].name).write_bytes(files[1].read_bytes())
    same(grows.atlas(growing.there(tmp_path / "out")), growing.Growing().atlas(there(files, (0, 1))))
    (work / files[0].name).unlink()
    (work / files[1].name).write_bytes(b"broken")
    with pytest.raises(InputError, match="is no shard of an atlas"):
        grows.atlas(growing.there(tmp_path / "out"))
    with pytest.raises(InputError, match="No part of this atlas"):
        grows.atlas(growing.There())


@pytest.mark.parametrize("folder", ["/", ".", "", "x" * 400, "no\0name", __file__], ids=["root", "here", "nothing", "long", "nul", "file"])
def test_what_holds_no_shards_is_no_atlas_in_the_making(folder):
    assert growing.there(Path(folder)) is None


def test_a_folder_that_may_not_be_read_is_no_atlas_in_the_making(tmp_path, monkeypatch):
    def refused(_place):
        raise PermissionError(13, "not for you")

    monkeypatch.setattr(Path, "iterdir", refused)
    assert growing.there(tmp_path) is None
