"""Lengths of the outputs of kept rows, against eager transformers: weights from the network itself, values from its own projection."""

import random

import numpy as np
import pytest
import torch
from transformers import AutoModel

import models
from explorer.atlas import making
from explorer.atlas import plan as planning
from explorer.atlas.corpus import Corpus, Text
from explorer.atlas.options import Options
from tests import tiny

PROJECTIONS = {
    "bert": lambda network, layer: (network.encoder.layer[layer].attention.self.value, slice(None)),
    "llama": lambda network, layer: (network.layers[layer].self_attn.v_proj, slice(None)),
    # Queries, keys and values come out of one.
    "gpt2": lambda network, layer: (network.h[layer].attn.c_attn, slice(-network.config.n_embd, None)),
}
"""Where a layer's values come from."""


@pytest.mark.parametrize("name", PROJECTIONS)
def test_lengths_of_rows_are_those_of_eager_transformers(tmp_path, name):
    folder, draw = tiny.save(name, tmp_path / name), random.Random(1)
    model, options = models.load(str(folder), device="cpu"), Options(seed=2, per_decile=2, strongest=4, batch_tokens=64)
    texts = Corpus("made up", tuple(Text(" ".join(draw.choices(tiny.WORDS, k=draw.randint(3, 9)))) for _text in range(12)))
    plan, atlas = planning.made(model, texts, options), making.make(model, texts, options)
    eager = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    config, compared = eager.config, 0
    groups = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    values = {}
    for layer in range(config.num_hidden_layers):
        module, part = PROJECTIONS[name](eager, layer)
        module.register_forward_hook(lambda _m, _i, out, layer=layer, part=part: values.update({layer: out[0, :, part]}))
    for number, ids in enumerate(plan.sources):
        with torch.inference_mode():
            weights = eager(torch.tensor(ids.tolist())[None], output_attentions=True).attentions
        for part, layer, head in atlas.heads.index:
            rows = atlas.rows((part, layer, head))
            by_head = values[layer].unflatten(-1, (groups, -1))
            own = by_head[:, head * groups // config.num_attention_heads].double().numpy()
            for row in rows[rows["text"] == number].itertuples():
                of = weights[layer][0, head, row.row].double().numpy()
                assert row.norm == pytest.approx(np.linalg.norm(of @ own), rel=1e-4)
                np.testing.assert_allclose(row.norms, of[row.keys] * np.linalg.norm(own[row.keys], axis=1), rtol=1e-4, atol=1e-6)
                compared += 1
    assert compared > 100
