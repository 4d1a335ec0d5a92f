"""Scores, saturation and uniform outputs of a model's heads, against loops over eager transformers' own weights."""

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.softmax import heads
from models import InputError

TEXT = "the cat sat on the mat because it was warm ."
MODELS = ["bert", "llama", "t5", "toy_alibi", "toy_sparsemax"]


@pytest.fixture(params=MODELS)
def captured(request, tiny):
    return capture(tiny(request.param), TEXT)


def rows(captured, part):
    """(layer, head, row of weights that its query may have), one by one; rows that see one key only are left out."""
    for layer, site in enumerate(captured.sites(part)):
        seen = captured.visible(layer, part)
        for head in range(site.heads):
            pattern = captured.pattern(layer, head, part)
            yield from ((layer, head, weights[see]) for weights, see in zip(pattern, seen, strict=True) if see.sum() > 1)


def test_saturation_and_entropy_are_those_of_a_loop(captured) -> None:
    for part in captured.parts:
        found = heads.softmax(captured, part)
        told: dict = {}
        for layer, head, weights in rows(captured, part):
            entropy = -sum(w * np.log(w) for w in weights.astype(float) if w > 0)
            told.setdefault((layer, head), []).append((weights.max() > 0.9, entropy, entropy / np.log(len(weights))))
        for at, values in told.items():
            expected = np.mean(values, axis=0)
            assert [found.saturated[at], found.entropy[at], found.relative[at]] == pytest.approx(expected.tolist(), abs=1e-5)
        assert ((found.relative > -1e-6) & (found.relative < 1 + 1e-6)).all()


def test_uniform_rows_have_all_the_entropy_and_one_hot_rows_none() -> None:
    assert heads.entropies(np.full((3, 8), 1 / 8)) == pytest.approx(np.log(8))
    assert (heads.entropies(np.eye(4)) == 0).all()


def test_scores_are_products_and_scaled_ones_are_what_the_softmax_gets(tiny) -> None:
    for name in ("bert", "llama"):
        captured = capture(tiny(name), TEXT)
        found = heads.spread(captured)
        for layer, site in enumerate(captured.sites()):
            seen = captured.visible(layer)
            for head in range(site.heads):
                record = captured.record(layer)
                raw = heads.raw_scores(captured, layer, head)
                # Without a position bias, what the softmax got is the scale times the product.
                assert np.allclose(raw * heads.factor(captured, layer, head), record.scores(head).numpy()[seen], atol=1e-5)
                assert found.scale[layer, head] == pytest.approx(site.head_dim**-0.5)
                assert np.allclose(found.raw[layer, head], np.quantile(raw, heads.QUANTILES), atol=1e-5)
                assert found.variance_raw[layer, head] == pytest.approx(raw.var(), rel=1e-5)
                assert found.variance_scaled[layer, head] == pytest.approx(raw.var() / site.head_dim, rel=1e-5)


def test_t5_has_no_scale_and_its_biases_are_left_out(tiny) -> None:
    captured = capture(tiny("t5"), TEXT, target="a dog")
    assert (heads.spread(captured, "encoder").scale == 1).all()
    record = captured.record(0, "encoder")
    product = (record.query[0, 1] @ record.key[0, 1].T).numpy().ravel()
    assert np.allclose(heads.raw_scores(captured, 0, 1, "encoder"), product, atol=1e-6)
    assert not np.allclose(product, record.scores(1).numpy().ravel(), atol=1e-2)


def test_a_long_text_is_looked_at_in_some_rows(tiny, monkeypatch) -> None:
    captured = capture(tiny("llama"), TEXT)
    whole = heads.raw_scores(captured, 0, 0)
    n = len(captured.tokens)
    monkeypatch.setattr(heads, "_SCORES", 3 * n)
    some = heads.raw_scores(captured, 0, 0)
    # The first row, one in the middle, the last one, each as far as it sees.
    places = [i * (i + 1) // 2 + np.arange(i + 1) for i in (0, round((n - 1) / 2), n - 1)]
    assert len(some) < len(whole) and np.allclose(some, whole[np.concatenate(places)], atol=1e-5)


def test_uniform_weights_pass_on_the_mean_of_what_is_seen(captured) -> None:
    for part in captured.parts:
        assert heads.deviation_from_mean(captured, part) < 1e-5
        made = heads.uniform(captured, 0, 1, part)
        record, seen = captured.record(0, part), captured.visible(0, part)
        values = record.value[0, 1 // record.group].numpy()
        assert np.allclose(made.values, values)
        for row, see in zip(made.uniform, seen, strict=True):
            assert np.allclose(row, values[see].astype(float).mean(axis=0), atol=1e-5)
        assert np.allclose(made.learned, captured.pattern(0, 1, part) @ values, atol=1e-4)


def test_a_scale_of_nothing_is_uniform(tiny) -> None:
    """The other way to the same outputs: through the softmax, with all scores 0."""
    from models import attention

    model = tiny("llama")
    captured = capture(model, TEXT)
    ids = torch.tensor([captured.queries().ids])
    # The first layer only: later ones read what it passes on.
    with torch.inference_mode(), attention.attending(model.sites_of, changes={0: attention.Change(scale=0.0)}) as run:
        model.network.base_model(input_ids=ids)
    for head in range(4):
        assert np.allclose(run.records[0].output(head).numpy(), heads.uniform(captured, 0, head).uniform, atol=1e-5)


def test_what_is_not_there_is_told(tiny) -> None:
    view_only = capture(tiny("falcon"), TEXT)
    for ask in (heads.spread, heads.deviation_from_mean, lambda c: heads.uniform(c, 0, 0)):
        with pytest.raises(InputError, match="view-only"):
            ask(view_only)
    assert np.isfinite(heads.softmax(view_only).entropy).all()
    linear = capture(tiny("toy_linear"), TEXT)
    with pytest.raises(InputError, match="no scores"):
        heads.spread(linear)
    assert heads.deviation_from_mean(linear) < 1e-5
