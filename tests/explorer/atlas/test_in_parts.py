"""An atlas that this process makes: after each part it is the one of just what is read, a stop loses no part, and the end is the same bytes."""

from pathlib import Path

import pytest

from explorer.atlas import in_parts, making, plan, shards
from tests.explorer.atlas.test_growing import OPTIONS, alone, same
from tests.explorer.atlas.test_reading import corpus as made_up

N = 4


class Enough(Exception):
    pass


@pytest.fixture(params=["gpt2", "bart"])
def given(request, tiny, monkeypatch):
    """A model, its corpus, and the parts that are read of it, in order."""
    model, corpus, read = tiny(request.param), made_up(12, pairs=request.param == "bart"), []
    monkeypatch.setattr(in_parts, "PART_TOKENS", 1)
    monkeypatch.setattr(in_parts, "MOST_PARTS", N)
    reads = shards.read

    def counted(*arguments):
        read.append(arguments[3])
        return reads(*arguments)

    monkeypatch.setattr(in_parts.shards, "read", counted)
    return model, corpus, read


def written(atlas, folder: Path) -> dict[str, bytes]:
    atlas.write(folder)
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_after_each_part_it_is_the_atlas_of_what_is_read(given, tmp_path):
    model, corpus, read = given
    seen = []

    def look(_share):
        now = in_parts.so_far("one")
        if now is not None and (not seen or seen[-1] is not now):
            seen.append(now)

    made = in_parts.make("one", model, corpus, OPTIONS, look)
    assert read == list(range(N)) and in_parts.so_far("one") is None and in_parts.of_read(made) is None
    whole = plan.made(model, corpus, OPTIONS)
    for n, one in enumerate(seen[: N - 1], start=1):
        same(one, alone(model, corpus, range(n), tmp_path / str(n)))
        numbers = [number for i in range(n) for batch in whole.batches[i::N] for number in batch]
        assert in_parts.of_read(one) == {"parts": [n, N], "texts": len(numbers), "tokens": sum(len(whole.sources[number]) for number in numbers)}
        same(in_parts.first(model, corpus, OPTIONS, n), one)
    assert len(seen) >= N - 1 and not seen[0]._tables["rows"].equals(made._tables["rows"])
    assert written(made, tmp_path / "made") == written(making.make(model, corpus, OPTIONS), tmp_path / "alone")


def test_what_was_read_before_a_stop_is_not_read_again(given, tmp_path):
    model, corpus, read = given
    # While the third part is read, and then while the fourth is.
    for until in (2.5, 3.5):

        def stops(share, until=until):
            if share >= 0.05 + 0.93 * until / N:
                raise Enough

        with pytest.raises(Enough):
            in_parts.make("one", model, corpus, OPTIONS, stops)
        assert in_parts.of_read(in_parts.so_far("one"))["parts"] == [int(until), N]
    made = in_parts.make("one", model, corpus, OPTIONS)
    assert read == [0, 1, 2, 2, 3, 3]
    assert written(made, tmp_path / "made") == written(making.make(model, corpus, OPTIONS), tmp_path / "alone")


def test_who_was_stopped_a_moment_ago_adds_nothing_twice(given, tmp_path):
    model, corpus, _read = given
    whole, reading = plan.made(model, corpus, OPTIONS), in_parts._Reading()
    files = [shards.read(model, corpus, OPTIONS, i, N, tmp_path, None, whole) for i in range(N)]
    for i in (0, 0, 1, 0, 1, 2, 2, 3, 3):
        reading.add(files[i], i, N, whole)
    assert reading.n == N
    same(reading.atlas, making.make(model, corpus, OPTIONS))


def test_a_text_that_fits_one_part_is_whole_at_once(tiny):
    model, corpus = tiny("gpt2"), made_up(3)
    made = in_parts.make("one", model, corpus, OPTIONS, lambda share: None)
    same(made, making.make(model, corpus, OPTIONS))
    assert in_parts.of_read(made) is None and in_parts.so_far("one") is None
