"""Timing forward passes: what is run, and what is counted. How fast it is, no test can say."""

import pytest
import torch

import models
from explorer.ablation.speed import speed
from models.errors import OutOfMemoryError
from models.surgery import slicing


@pytest.mark.parametrize("name", ["bert", "gpt2", "t5", "bart", "falcon"])
def test_each_batch_size_is_timed(tiny, name):
    model = tiny(name)
    found = speed(model, (1, 3), length=8, seconds=0.01)
    assert [timing.batch for timing in found] == [1, 3]
    sides = 2 if model.kind == "encoder-decoder" else 1
    for timing in found:
        assert timing.seconds > 0 and timing.repeats >= 3
        assert timing.tokens_per_second == pytest.approx(sides * 8 * timing.batch / timing.seconds)


def test_what_is_run(tiny):
    model, seen = tiny("bart"), []
    hook = model.network.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append((kwargs, torch.is_inference_mode_enabled())), with_kwargs=True
    )
    try:
        (timing,) = speed(model, (2,), length=5, seconds=0)
    finally:
        hook.remove()
    assert timing.repeats == 3 and len(seen) == 5  # two passes warm up
    given, inference = seen[-1]
    assert inference and given["use_cache"] is False
    assert {key: tuple(given[key].shape) for key in ("input_ids", "decoder_input_ids")} == {"input_ids": (2, 5), "decoder_input_ids": (2, 5)}
    assert (given["input_ids"] == model.tokenizer.eos_token_id).sum(1).tolist() == [1, 1]
    assert not set(given["decoder_input_ids"].flatten().tolist()) & set(model.tokenizer.all_special_ids)


def test_a_sliced_model_is_timed(tiny):
    assert speed(slicing.sliced(tiny("bert"), {0: range(4)}), (1,), length=4, seconds=0)[0].seconds > 0


@pytest.mark.parametrize("asked", [{"length": 41}, {"length": 0}, {"batch_sizes": (0,)}, {"seconds": -1.0}, {"seconds": float("nan")}])
def test_what_makes_no_sense(tiny, asked):
    with pytest.raises(models.InputError):
        speed(tiny("bert"), **{"length": 4, "seconds": 0, **asked})


def test_no_room(tiny, monkeypatch):
    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(tiny("bert").network, "forward", full)
    with pytest.raises(OutOfMemoryError, match="64 texts"):
        speed(tiny("bert"), (64,), length=4, seconds=0)
