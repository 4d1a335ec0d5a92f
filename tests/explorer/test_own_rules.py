"""What a model's generation_config.json forbids or demands, beside what transformers generates under it."""

import pytest
import torch

from explorer import generate, own_rules
from explorer.tasks import choose, data
from models import InputError

TEXT = "the cat sat on the mat because it was warm"


@pytest.fixture
def ruled(tiny):
    """Sets rules on a model's generation config, and takes them away again."""
    before = []

    def rule(name: str, **rules: object):
        model = tiny(name)
        for key, value in rules.items():
            before.append((model.network.generation_config, key, getattr(model.network.generation_config, key, None)))
            setattr(model.network.generation_config, key, value)
        return model

    yield rule
    for config, key, value in reversed(before):
        setattr(config, key, value)


def plain(model, text: str, n: int = 8) -> list[int]:
    ids = torch.tensor([model.tokenizer(text)["input_ids"]])
    # An end token that is forced where `generate` is asked to end belongs to that call, not to the text.
    how = {"max_new_tokens": n, "do_sample": False, "num_beams": 1, "forced_eos_token_id": None}
    with torch.no_grad():
        made = model.network.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **how)
    return made[0, 1 if model.kind == "encoder-decoder" else ids.shape[1] :].tolist()


@pytest.mark.parametrize("name", ["gpt2", "llama", "bart", "t5"])
@pytest.mark.parametrize(
    "rules",
    [
        {"bad_words_ids": [[7], [9], [5, 6]]},
        {"suppress_tokens": [5, 6, 7, 8]},
        {"begin_suppress_tokens": list(range(4, 30))},
        {"no_repeat_ngram_size": 1},
        {"repetition_penalty": 5.0},
        {"min_new_tokens": 6},
        {"forced_bos_token_id": 11},
        {"sequence_bias": [[[7], 50.0], [[9, 8], -50.0]]},
        {"encoder_no_repeat_ngram_size": 1},
        {"encoder_repetition_penalty": 5.0},
    ],
)
def test_greedy_is_what_transformers_generates_under_the_same_rules(ruled, name, rules):
    model = ruled(name, **rules)
    assert set(own_rules.held(model)) == set(rules)
    text = "the cat" if name == "gpt2" else TEXT
    steps = list(generate.generate(model, text, tokens=8))
    assert [step.token.number for step in steps] == plain(model, text)


def test_what_the_model_holds_likeliest_is_shown_also_where_it_is_forbidden(ruled):
    first = next(iter(generate.generate(ruled("llama"), TEXT, tokens=1)))
    likeliest = first.candidates[0].number
    step = next(iter(generate.generate(ruled("llama", suppress_tokens=[likeliest]), TEXT, generate.Sampling(seed=1), tokens=1)))
    assert step.candidates[0].number == likeliest and step.candidates[0].drawn == 0 and step.token.number != likeliest
    assert step.candidates[0].chance == pytest.approx(first.candidates[0].chance)


def test_without_rules_none_are_held(tiny):
    assert not own_rules.held(tiny("llama")) and not own_rules.processors(tiny("llama"), 3)


def test_a_decoder_begins_where_its_model_says(ruled):
    model = ruled("bart")
    config, generation = model.network.config, model.network.generation_config
    before = config.decoder_start_token_id, generation.decoder_start_token_id, config.bos_token_id, generation.bos_token_id
    pair = data.Examples("", (data.Labelled("the cat", None, "a dog"),))
    try:
        config.decoder_start_token_id, generation.decoder_start_token_id = None, 7
        assert own_rules.start_token(model) == 7
        assert choose.make("next", model, pair).items[0].inputs["decoder_input_ids"][0] == 7
        generation.decoder_start_token_id = config.bos_token_id = generation.bos_token_id = None
        with pytest.raises(InputError, match="does not say"):
            own_rules.start_token(model)
    finally:
        config.decoder_start_token_id, generation.decoder_start_token_id, config.bos_token_id, generation.bos_token_id = before


def test_a_text_without_a_pair_is_said_to_be_its_own_target(tiny):
    one = choose.make("next", tiny("t5"), data.Examples("", (data.Labelled("the cat", None),)))
    two = choose.make("next", tiny("t5"), data.Examples("", (data.Labelled("the cat", None, "a dog"),)))
    assert any("no second text" in note for note in one.notes) and not two.notes
