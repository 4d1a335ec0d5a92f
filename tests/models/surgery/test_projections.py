"""Matrices of heads against what the network's own projections gave to the attention function."""

import pytest
import torch

from models import attention
from models.opening import sites
from models.surgery.projections import joined, matrices, of_sites
from tests import tiny as making

# RoPE turns queries and keys between the projections and the function; linear attention bends them.
TURNED = ("llama", "gpt_neox", "toy_rope", "toy_linear")


@pytest.mark.parametrize("name", [name for name in making.DISPATCHED if name != "toy_mean"])
def test_matrices_give_what_the_projections_gave(tiny, name):
    model = tiny(name)
    found = of_sites(model)
    assert list(found) == [site.index for site in model.sites]
    seen = {}
    for of in {id(of.module): of for of in found.values()}.values():
        for projection in of.family.inputs:
            module = of.module.get_submodule(projection)
            module.register_forward_pre_hook(lambda module, args: seen.setdefault(id(module), []).append(args[0]))
    ids = torch.arange(5)[None] + 3
    given = {"input_ids": ids} | ({"decoder_input_ids": ids} if model.kind == "encoder-decoder" else {})
    with torch.no_grad(), attention.attending(model.sites_of) as run:
        model.network.base_model(**sites.inputs_for(model.network, **given))
    for record in run.records:
        of = found[record.site]
        turn = model.sites_of[id(of.module)].index(record.site)
        inputs = [seen[id(of.module.get_submodule(projection))][turn][0].double() for projection in of.family.inputs]
        rows = [torch.cat([x, torch.ones(len(x), 1)], dim=1).double() for x in (inputs * 3)[:3]]
        made = [torch.einsum("nd,dhk->hnk", x, w) for x, w in zip(rows, matrices(of)[:3], strict=True)]
        if name == "opt":  # it scales its queries before they are handed on
            made[0], laid_query = made[0] * of.size**-0.5, made[0]
        kept = (None, None, record.value) if name in TURNED else (record.query, record.key, record.value)
        for mine, own in zip(made, kept, strict=True):
            if own is not None:
                torch.testing.assert_close(mine, own[0].double(), rtol=1e-4, atol=1e-4)
        if name == "opt":
            made[0] = laid_query
        at = [one[:, 2] for one in made]
        laid = joined(of, *at)
        for projection, x in zip(of.family.inputs, inputs, strict=True):
            own = of.module.get_submodule(projection)(x[2].float())
            torch.testing.assert_close(laid[projection].float(), own, rtol=1e-4, atol=1e-4)
    for of in found.values():
        for projection in of.family.inputs:
            of.module.get_submodule(projection)._forward_pre_hooks.clear()


def test_heads_that_are_averaged_have_no_weights_to_themselves(tiny):
    assert of_sites(tiny("toy_mean")) == {}
