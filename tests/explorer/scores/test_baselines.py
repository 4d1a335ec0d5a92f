"""What no text changes: computed once for a model, the same as where it is computed for each text."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer.scores import baselines, measure, null, repeated, roles
from models.surgery import slicing

TEXTS = ["the cat sat on the mat .", "a dog was in the garden"]


@pytest.mark.parametrize("name", ["bert", "llama", "t5"])
def test_roles_are_those_of_known(tiny, name):
    model, told = tiny(name), []
    of_model = baselines.of_model(model, told.append)
    assert told == sorted(told) and told[-1] == 1
    whole = roles.known(model, TEXTS)
    parts = roles.compared(model, measure.on_texts(model, TEXTS), TEXTS, None, of_model)
    for one, other in ((whole.scores, parts.scores), (whole.random, parts.random), (whole.shuffled, parts.shuffled)):
        assert (one is None) == (other is None)
        for score, values in one.values.items() if one else ():
            np.testing.assert_allclose(values, other.values[score], atol=1e-6)
    # As text: there is no number for "shuffled" where it says nothing, and no number equals itself then.
    assert [str(held) for held in parts.roles()] == [str(held) for held in whole.roles()]


def test_a_network_that_was_not_kept_is_drawn_again_and_is_the_same(tiny):
    model = tiny("bert")
    of_model = baselines.of_model(model)
    again = replace(of_model, random=None).network(model)
    assert of_model.network(model) is of_model.random and again is not of_model.random
    pairs = zip(of_model.random.network.parameters(), again.network.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    np.testing.assert_allclose(repeated.on_repeated(again)["repeated_induction"], of_model.random_repeated["repeated_induction"], atol=1e-6)
    assert of_model.memory_bytes >= model.memory_bytes


def test_a_model_whose_config_makes_another_number_of_heads_has_no_random_weights(tiny):
    cut = slicing.sliced(tiny("bert"), {0: [1]})
    with pytest.raises(ValueError, match="heads"):
        null.random_weights(cut)
    of_model = baselines.of_model(cut)
    assert not of_model.drawable and of_model.network(cut) is None and not of_model.random_repeated and of_model.repeated
    assert roles.compared(cut, measure.on_texts(cut, TEXTS), TEXTS, None, of_model).random is None
