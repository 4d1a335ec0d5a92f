"""Q8 against arithmetic, and against the tensors of the saved models."""

import pytest
from safetensors import safe_open

from explorer.lectures import q08_parameters as q08
from models.opening.catalogue import SHIPPED


@pytest.mark.parametrize("heads", [1, 8, 32])
def test_parameters_do_not_depend_on_the_heads(opener, heads):
    found = q08.compute(opener, heads=heads)
    assert found["one"] == found["many"] == 1_048_576
    assert found["biased"] == 1_050_624


@pytest.mark.parametrize(("model", "inside"), [("gpt2-mini", "h.0.attn."), ("bert-mini", "encoder.layer.0.attention.")])
def test_a_real_layer_has_what_its_file_has(opener, model, inside):
    count = 0
    for file in (SHIPPED / model).glob("*.safetensors"):
        with safe_open(file, "np") as tensors:
            for name in tensors.keys():  # noqa: SIM118 -- not a dict
                if inside in name and "LayerNorm" not in name and not name.endswith("attn.masked_bias"):
                    count += tensors.get_tensor(name).size
    assert count and q08.compute(opener, model=model)["real"] == count
