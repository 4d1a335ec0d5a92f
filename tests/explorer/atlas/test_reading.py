"""An atlas against brute force on every kind of model, and one shard against seven."""

import random

import numpy as np
import pytest
import torch

import models
from explorer.atlas import making, shards
from explorer.atlas import plan as planning
from explorer.atlas.atlas import Atlas
from explorer.atlas.corpus import Corpus, Text
from explorer.atlas.options import Options
from explorer.atlas.sums import METRICS
from explorer.scores import measure
from models import InputError
from tests.explorer.atlas import brute
from tests.tiny import WORDS

OPTIONS = Options(seed=3, per_decile=2, strongest=5, batch_tokens=64)


def corpus(n=24, seed=0, pairs=False):
    draw = random.Random(seed)
    lengths = [draw.randint(1, 9) for _i in range(n)]
    texts = [" ".join(draw.choice(WORDS) for _w in range(k)) for k in lengths]
    targets = [" ".join(draw.choice(WORDS) for _w in range(draw.randint(1, 5))) for _t in texts]
    return Corpus("made up", tuple(Text(text, target if pairs else "") for text, target in zip(texts, targets, strict=True)))


@pytest.fixture(scope="module")
def read():
    made = {}

    def of(model, texts, options=OPTIONS):
        key = (model.number, texts.digest, options)
        if key not in made:
            plan = planning.made(model, texts, options)
            made[key] = plan, making.make(model, texts, options)
        return made[key]

    return of


CASES = ["bert", "gpt2", "llama", "t5", "bart", "toy_sparsemax"]


@pytest.mark.parametrize("name", [*CASES, "falcon", "albert", "gpt2-bfloat16"])
def test_rows_deciles_and_histograms_are_those_of_brute_force(tiny, read, name):
    model = tiny(name.partition("-")[0])
    if "bfloat16" in name:
        model = models.load(model.name, device="cpu", dtype="bfloat16")
    options, texts = OPTIONS, corpus(pairs=name == "bart", n=6 if name == "t5" else 24)
    plan, atlas = read(model, texts, options)
    every, captures = brute.rows_of(model, plan, options)
    assert list(every) == list(atlas.heads.index)
    compared = 0
    for head, rows in every.items():
        kept, counts = brute.sample_of(rows, options)
        found = atlas.rows(head)
        assert [(kind, d, row.text, row.row) for kind, d, row in kept] == list(
            found[["kind", "decile", "text", "row"]].itertuples(index=False, name=None)
        )
        for (_kind, _d, row), got in zip(kept, found.itertuples(), strict=True):
            assert row.keys == got.keys.tolist()
            np.testing.assert_allclose(got.weights, row.weights[row.keys], atol=5e-6)
            assert got.left == pytest.approx(1 - row.weights[row.keys].sum(), abs=1e-5)
            assert got.norm == pytest.approx(row.norm, rel=0.02 if model.dtype == torch.bfloat16 else 1e-4, nan_ok=True)
            compared += 1
        peaks = atlas.peaks(head)
        assert dict(zip(peaks["bin"], peaks["rows"], strict=True)) == {b: n for b, n in enumerate(counts) if n}
        _distances(atlas, head, rows)
    assert compared >= 100
    assert atlas.manifest["corpus"]["tokens"] == sum(len(captured.source) for captured in captures)


def _distances(atlas, head, rows):
    if head[0] == "cross":
        assert atlas.distances(head).empty
        return
    found = {(one.low, one.high): one.share for one in atlas.distances(head).itertuples()}
    for edges, share in brute.distances_of(rows).items():
        assert found.get(edges, 0) == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_two_hundred_sentences_give_what_brute_force_gives(tiny, name):
    found = brute.compare(tiny(name), corpus(200), Options())
    assert found.equal, found
    assert found.read > 5_000 and found.kept > 8 * 20 and found.bins > 8 * 5
    assert found.weight < 1e-6 and found.distance < 1e-6


def test_a_reading_that_is_not_that_of_the_atlas_is_told_from_it(tiny, monkeypatch):
    """Other rows by another seed, other histograms by other texts: the comparison can fail."""
    model, options, read = tiny("bert"), Options(strongest=1), making.make
    monkeypatch.setattr(brute.making, "make", lambda model, texts, options: read(model, texts, Options(seed=9, strongest=1)))
    found = brute.compare(model, corpus(60), options)
    assert not found.equal and found.same < found.kept and found.same_bins == found.bins
    monkeypatch.setattr(brute.making, "make", lambda model, texts, options: read(model, corpus(60, seed=1), options))
    found = brute.compare(model, corpus(60), options)
    assert not found.equal and found.same_bins < found.bins and found.distance > 1e-3


@pytest.mark.parametrize("name", ["bert", "gpt2", "bart"])
def test_means_are_those_of_the_scores_and_spreads_those_of_the_texts(tiny, read, name):
    model = tiny(name)
    texts = corpus(pairs=name == "bart")
    plan, atlas = read(model, texts)
    for part in model.parts:
        given = [brute._sides(model, plan, OPTIONS, number) for number in range(len(plan.sources))]
        if name == "bart":
            from explorer.capture import capture_sides

            whole = measure.on_captures([capture_sides(model, sides) for sides in given], part)
        else:
            whole = measure.on_texts(model, [sides[model.kind] for sides in given], part)
        of_part = atlas.heads.loc[part]
        for metric in METRICS[:-1]:
            if part != "decoder" or name != "bart" or metric != "rare":  # the rarest token of a target is its own text's rarest
                np.testing.assert_allclose(of_part[metric], whole.values[metric].ravel(), atol=2e-5, err_msg=metric)
        if name != "bart":
            each = [measure.on_texts(model, [sides[model.kind]], part).values for sides in given]
            for metric in ("entropy", "confidence", "distance", "previous"):
                one = np.array([values[metric].ravel() for values in each])
                np.testing.assert_allclose(of_part[f"{metric}_texts"], np.nanmean(one, 0), atol=1e-3)
                np.testing.assert_allclose(of_part[f"{metric}_sd"], np.nanstd(one, 0), atol=1e-3)
                assert (of_part[f"{metric}_n"] == np.isfinite(one).sum(0)).all()


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_tokens_by_mass_and_by_lift_are_those_of_a_loop(tiny, read, name):
    model = tiny(name)
    plan, atlas = read(model, corpus())
    every, _captures = brute.rows_of(model, plan, OPTIONS)
    ids = [of.tolist() for of in plan.sources]
    count = {i: sum(of.count(i) for of in ids) for of in ids for i in of}
    for head, rows in every.items():
        got, active = dict.fromkeys(count, 0.0), dict.fromkeys(count, 0.0)
        special = {int(i) for i in model.tokenizer.all_special_ids}
        for row in rows:
            of = ids[row.text]
            for key, weight in enumerate(row.weights):
                got[of[key]] += float(weight)
                if of[key] not in special and not (name == "gpt2" and key == 0):
                    active[of[row.row]] += float(weight)
        table = atlas.tokens(head)
        for side, values in (("key", got), ("query", active)):
            total = sum(values.values())
            found = table[(table["side"] == side) & (table["by"] == "mass")]
            best = sorted(values.values(), reverse=True)[: len(found)]
            np.testing.assert_allclose(found["share"], np.array(best) / total, atol=1e-5)
            lifted = table[(table["side"] == side) & (table["by"] == "lift")]
            for one in lifted.itertuples():
                assert one.count == count[one.id] >= 5
                assert one.lift == pytest.approx(values[one.id] / total / (count[one.id] / sum(count.values())), abs=1e-4)
            every_lift = [values[i] / total / (n / sum(count.values())) for i, n in count.items() if n >= 5]
            np.testing.assert_allclose(sorted(lifted["lift"]), sorted(every_lift)[-len(lifted) :], atol=1e-4)


@pytest.mark.parametrize("name", ["bert", "gpt2", "bart"])
def test_one_shard_or_seven_give_the_same_bytes_in_any_order(tiny, tmp_path, name):
    model, texts = tiny(name), corpus(pairs=name == "bart")
    one = [shards.read(model, texts, OPTIONS, 0, 1, tmp_path / "one")]
    seven = [shards.read(model, texts, OPTIONS, shard, 7, tmp_path / "seven") for shard in range(7)]
    random.Random(1).shuffle(seven)
    for label, files in (("a", one), ("b", seven), ("c", [*reversed(seven), seven[0]])):
        Atlas.of(shards.merge(files)).write(tmp_path / label)
    files = [file.relative_to(tmp_path / "a") for file in sorted((tmp_path / "a").rglob("*")) if file.is_file()]
    assert len(files) >= 6 + 2 * len(model.sites)
    for other in ("b", "c"):
        assert [file.relative_to(tmp_path / other) for file in sorted((tmp_path / other).rglob("*")) if file.is_file()] == files
        assert not [file for file in files if (tmp_path / "a" / file).read_bytes() != (tmp_path / other / file).read_bytes()]


def test_what_was_read_is_not_read_again_and_other_shards_are_refused(tiny, tmp_path, monkeypatch):
    model, texts = tiny("bert"), corpus()
    files = [shards.read(model, texts, OPTIONS, shard, 3, tmp_path) for shard in (0, 2)]
    with pytest.raises(InputError, match="1"):
        shards.merge(files)
    other = shards.read(model, texts, Options(seed=4), 1, 3, tmp_path)
    with pytest.raises(InputError, match="another atlas"):
        shards.merge([*files, other])
    with pytest.raises(InputError, match="no shard 3"):
        shards.read(model, texts, OPTIONS, 3, 3, tmp_path)
    broken = tmp_path / "broken.npz"
    broken.write_bytes(files[0].read_bytes()[:1000])
    with pytest.raises(InputError, match="broken"):
        shards.merge([broken])
    monkeypatch.setattr(shards.reading, "read", lambda *given: pytest.fail("read twice"))
    assert shards.read(model, texts, OPTIONS, 2, 3, tmp_path) == files[1]


def test_a_stop_leaves_finished_shards_and_no_atlas(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(making, "SHARD_TOKENS", 50)
    model, texts, seen = tiny("gpt2"), corpus(), []

    class Stop(Exception):
        pass

    def stopping(share):
        seen.append(share)
        if share > 0.6:
            raise Stop

    with pytest.raises(Stop):
        making.write(model, texts, tmp_path / "atlas", OPTIONS, stopping)
    assert not (tmp_path / "atlas").exists()
    done = list((tmp_path / "atlas.work").glob("*.npz"))
    assert done
    before = [file.stat().st_mtime_ns for file in done]
    made = making.write(model, texts, tmp_path / "atlas", OPTIONS)
    whole = making.make(model, texts, OPTIONS)
    assert made.rows(made.heads.index[0]).equals(whole.rows(whole.heads.index[0]))
    assert seen == sorted(seen) and not (tmp_path / "atlas.work").exists() and before
    assert Atlas.open(tmp_path / "atlas").heads.equals(whole.heads)


def test_a_head_that_is_switched_off_passes_nothing_on(tiny):
    model = tiny("bert")
    plain, pruned = (making.make(model, corpus(), Options(pruned=heads)) for heads in ("", "0.1,1.2"))
    for layer, head in ((0, 1), (1, 2)):
        assert pruned.heads.loc[("encoder", layer, head), "norm"] == 0
        assert plain.heads.loc[("encoder", layer, head), "norm"] > 0.01
    first = [name for name in METRICS if name != "norm"]
    assert plain.heads.loc["encoder"].loc[0][first].equals(pruned.heads.loc["encoder"].loc[0][first])
    assert not plain.heads.loc["encoder"].loc[1][first].equals(pruned.heads.loc["encoder"].loc[1][first])


def test_options_that_ask_for_nothing_are_refused(tiny):
    with pytest.raises(InputError, match="one token"):
        planning.made(tiny("bert"), corpus(), Options(tokens=0))
    with pytest.raises(InputError, match="no head"):
        making.make(tiny("bert"), corpus(), Options(pruned="9.9"))
    plan = planning.made(tiny("bert"), corpus(), Options(tokens=20))
    assert 20 <= plan.tokens < 20 + len(plan.sources[-1])
    assert plan.tokens - len(plan.sources[-1]) < 20
