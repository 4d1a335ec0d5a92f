"""Batches with padding and pairs of texts in half precision: no further from float32 than transformers' own eager attention is."""

from functools import lru_cache

import pytest
import torch

import models
from explorer.capture import capture
from models import attention
from models.opening import own_attention, sites
from tests import families, matrix

WHOLE = [name for name, family in families.FAMILIES.items() if not family.refused and not family.view_only]
EVERY_RUN = ["bert", "gpt2", "llama", "t5", "bart", "modernbert", "deberta-v2", "mpnet", "gemma2", "gpt-oss", "bloom", "m2m100"]
"""Masks, windows, biases, soft caps and sinks, each once."""
DTYPES = ["bfloat16", "float16"]
SLACK = {"bfloat16": 0.05, "float16": 0.01}
"""Two ways to round the same numbers, one of which may have luck."""
TEXT, PAIR = "the cat sat on the mat because it was warm", "where did they play ?"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Loads a family's model in a precision; each is made once."""

    @lru_cache
    def load(name: str, dtype: str) -> models.Model:
        folder = tmp_path_factory.mktemp(name)
        return models.load(families.save(name, folder), device="cpu", dtype=dtype)

    return load


def batch(model: models.Model, padding: str) -> dict[str, torch.Tensor]:
    """Three texts of nine, six and four tokens, padded on a side; encoder-decoders get targets too."""
    draw = torch.Generator().manual_seed(1)
    mask = torch.stack([(torch.arange(9) < n) for n in (9, 6, 4)]).long()
    mask = mask.flip(1) if padding == "left" else mask
    ids = torch.randint(6, 25, (3, 9), generator=draw)
    made = {"input_ids": torch.where(mask.bool(), ids, model.tokenizer.pad_token_id), "attention_mask": mask}
    if model.kind == "encoder-decoder":
        made["decoder_input_ids"] = torch.randint(6, 25, (3, 5), generator=draw)
    return sites.inputs_for(model.network, **made)


def ours(model: models.Model, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Last states, and patterns by site, (text, heads, rows, keys)."""
    with torch.no_grad(), attention.attending(model.sites_of) as run:
        states = model.network.base_model(**given)[0].float()
    texts = range(len(given["input_ids"]))
    return {"states": states} | {str(record.site): torch.stack([record.patterns(example=i) for i in texts]) for record in run.records}


def eager(model: models.Model, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same by transformers."""
    own_attention.use(model.network, "eager")
    try:
        with torch.no_grad():
            output = model.network.base_model(**given, output_attentions=True, return_dict=True)
    finally:
        own_attention.use(model.network, attention.NAME)
    found = {"states": output[0].float()}
    for site in model.sites:
        weights = sites.attentions(output, site.part if model.kind == "encoder-decoder" else "encoder")
        if len(weights) == len(model.sites_in(site.part)):  # some do not give those of each layer that attends
            found[str(site.index)] = weights[site.layer].float()
    return found


def rows(model: models.Model, given: dict[str, torch.Tensor], what: str) -> torch.Tensor:
    """Which rows (text, row) of a result are of a token that is there: what padding looks at means nothing."""
    part = "decoder" if what == "states" else model.sites[int(what)].part
    if model.kind == "encoder-decoder" and part != "encoder":
        return torch.ones(given["decoder_input_ids"].shape, dtype=torch.bool)
    return given["attention_mask"].bool()


@pytest.mark.parametrize("padding", ["right", "left"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", matrix.part(WHOLE, EVERY_RUN))
def test_a_padded_batch_is_as_near_to_float32_as_eager_attention_is(opened, name, dtype, padding):
    exact, half = opened(name, "float32"), opened(name, dtype)
    given = batch(exact, padding)
    right, mine, theirs = eager(exact, given), ours(half, given), eager(half, given)
    assert mine.keys() >= theirs.keys() and right.keys() == theirs.keys()
    for what, expected in right.items():
        there = rows(exact, given, what)
        kept = [values if what == "states" else values.transpose(1, 2) for values in (expected, mine[what], theirs[what])]
        expected_rows, my_rows, their_rows = (values[there] for values in kept)
        size = max(1.0, float(expected_rows.abs().max()))
        off = float((their_rows - expected_rows).abs().max()) / size
        assert float((my_rows - expected_rows).abs().max()) / size <= 2 * off + SLACK[dtype], what
        if what != "states":
            assert bool((my_rows.sum(-1) <= 1 + 1e-3).all()), what
            # Nobody looks at padding.
            if exact.sites[int(what)].part in ("encoder", "cross") or exact.kind != "encoder-decoder":
                hidden = ~given["attention_mask"].bool()[:, None, None].expand_as(mine[what])
                assert float(mine[what].transpose(1, 2)[hidden.transpose(1, 2) & there[..., None, None]].abs().sum()) == 0, what


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["bert", "roberta", "distilbert", "electra", "albert", "mpnet", "modernbert", "deberta-v2"])
def test_a_pair_of_texts_is_read_as_in_float32(opened, name, dtype):
    exact, half = opened(name, "float32"), opened(name, dtype)
    one, other = capture(half, TEXT, PAIR), capture(exact, TEXT, PAIR)
    assert one.source == other.source and 1 in one.source.segments
    given = sites.inputs_for(exact.network, **one.source.inputs())
    assert ("token_type_ids" in given) == bool(one.source.types)
    right, theirs = eager(exact, given), eager(half, given)
    for site in exact.sites:
        off = float((theirs[str(site.index)] - right[str(site.index)]).abs().max())
        apart = abs(one.patterns(site.layer) - right[str(site.index)][0].numpy()).max()
        assert apart <= 2 * off + SLACK[dtype]
        assert abs(other.patterns(site.layer) - right[str(site.index)][0].numpy()).max() < 2e-5
