"""What a model's generation_config.json forbids or demands, beside what transformers generates under it."""

import pytest
import torch
from transformers import GenerationConfig, WatermarkingConfig

import explorer
from explorer import generate, own_rules
from explorer.capture import capture
from explorer.cli.main import main
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
        {"exponential_decay_length_penalty": [2, 3.0]},
        {"remove_invalid_values": True},
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
    model, logits = tiny("llama"), torch.randn(1, 32)
    assert not own_rules.held(model) and not own_rules.ignored(model) and not own_rules.notes(model)
    rules, ids = own_rules.Rules(model, 3), torch.ones((1, 3), dtype=torch.long)
    torch.testing.assert_close(rules.allowed(ids, logits), logits)


def test_a_decoder_begins_where_its_model_says(ruled):
    model = ruled("bart")
    config, generation = model.network.config, model.network.generation_config
    before = config.decoder_start_token_id, generation.decoder_start_token_id, config.bos_token_id, generation.bos_token_id
    pair = data.Examples("", (data.Labelled("the cat", None, "a dog"),))
    try:
        config.decoder_start_token_id, generation.decoder_start_token_id = None, 7
        assert own_rules.start_token(model) == 7
        assert choose.make("next", model, pair).items[0].inputs["decoder_input_ids"][0] == 7
        assert explorer.capture(model, "the cat", target="a dog").sides["decoder"].ids[0] == 7
        generation.decoder_start_token_id = config.bos_token_id = generation.bos_token_id = None
        with pytest.raises(InputError, match="does not say"):
            own_rules.start_token(model)
    finally:
        config.decoder_start_token_id, generation.decoder_start_token_id, config.bos_token_id, generation.bos_token_id = before


def test_a_text_without_a_pair_is_said_to_be_its_own_target(tiny):
    one = choose.make("next", tiny("t5"), data.Examples("", (data.Labelled("the cat", None),)))
    two = choose.make("next", tiny("t5"), data.Examples("", (data.Labelled("the cat", None, "a dog"),)))
    assert any("no second text" in note for note in one.notes) and not two.notes


def test_every_field_of_a_generation_config_is_held_or_said_or_changes_no_text():
    """A field that a later transformers adds fails here, until somebody has looked what it does."""
    there = {name for name in vars(GenerationConfig()) if not name.startswith("_")}
    assert there == own_rules.fields()


ASKED = {
    **{"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5, "constraints": [1], "force_words_ids": [[7]], "penalty_alpha": 0.6},
    **{"dola_layers": "low", "low_memory": True, "guidance_scale": 1.5, "token_healing": True, "cache_implementation": "quantized"},
    **{"min_p": 0.1, "top_h": 0.5, "typical_p": 0.9, "epsilon_cutoff": 0.1, "eta_cutoff": 0.1},
    **{"watermarking_config": WatermarkingConfig(), "stop_strings": ["never said"]},
}


@pytest.mark.parametrize("name", ["bart", "t5"])
def test_what_is_not_done_is_said_and_a_target_is_made_all_the_same(ruled, name):
    """A target is made by transformers' own `generate`, which would refuse some of these, and fetch code of strangers for others."""
    before = plain(ruled(name), TEXT, 30)
    model = ruled(name, **ASKED, prompt_lookup_num_tokens=3, num_return_sequences=3, max_time=1e-9)
    assert set(own_rules.ignored(model)) == set(ASKED) == set(own_rules._IGNORED)
    (said,) = own_rules.notes(model)
    assert all(f"{key} {str(value)[:20]}" in said for key, value in ASKED.items())
    made = capture(model, TEXT).sides["decoder"].ids
    expected = [own_rules.start_token(model), *before]
    assert list(made)[: len(before)] == expected[: len(before)]
    assert [step.token.number for step in generate.generate(model, TEXT, tokens=8)] == before[:8]


@pytest.mark.parametrize(
    "neutral",
    [{"num_beams": 1, "typical_p": 1.0, "guidance_scale": 1}, {"cache_implementation": "static"}, {"epsilon_cutoff": 0.0, "constraints": []}],
)
def test_what_says_nothing_is_not_said(ruled, neutral):
    assert not own_rules.notes(ruled("bart", **neutral))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"bad_words_ids": [[99]]}, {"bad_words_ids": 7}, {"repetition_penalty": -1.0}, {"sequence_bias": "much"}),
        *({"forced_bos_token_id": 99}, {"exponential_decay_length_penalty": 3}, {"repetition_penalty": 0}, {"encoder_repetition_penalty": 0}),
        *({"sequence_bias": {}}, {"suppress_tokens": "all"}, {"eos_token_id": "</s>"}, {"bad_words_ids": [[7, 99]]}),
    ],
)
def test_rules_that_make_no_sense_are_an_error_in_words(ruled, wrong):
    """Also where a target is made by transformers' own `generate`, whose words reached the viewer as a traceback."""
    model = ruled("bart", **wrong)
    with pytest.raises(InputError, match="held to its own generation_config"):
        list(generate.generate(model, TEXT, tokens=2))
    with pytest.raises(InputError, match="held to its own generation_config"):
        capture(model, TEXT)


@pytest.mark.parametrize(
    "rules", [{"min_length": -1}, {"min_new_tokens": -1}, {"no_repeat_ngram_size": -1}, {"encoder_no_repeat_ngram_size": -1}]
)
def test_numbers_below_0_are_no_rules_as_in_transformers(ruled, rules):
    model = ruled("bart", **rules)
    assert [step.token.number for step in generate.generate(model, TEXT, tokens=8)] == plain(model, TEXT)


@pytest.mark.parametrize(("start", "fits"), [([5], True), (99, False), (-1, False), ([99], False)])
def test_a_decoder_begins_with_a_token_that_there_is(ruled, start, fits):
    """A list holds the token of each text: the first one's was not read, and the text began with another token."""
    model = ruled("bart", decoder_start_token_id=start)
    if fits:
        made = plain(model, TEXT)
        assert own_rules.start_token(model) == capture(model, TEXT).sides["decoder"].ids[0] == 5
        assert [step.token.number for step in generate.generate(model, TEXT, tokens=8)] == made
        return
    with pytest.raises(InputError, match="to begin with token"):
        list(generate.generate(model, TEXT, tokens=2))
    with pytest.raises(InputError):
        capture(model, TEXT)


@pytest.mark.parametrize("sampling", [generate.Sampling(seed=1), generate.Sampling(greedy=True)])
@pytest.mark.parametrize("rules", [{"suppress_tokens": list(range(32))}, {"bad_words_ids": [[i] for i in range(32)], "eos_token_id": None}])
def test_some_token_must_be_allowed(ruled, sampling, rules):
    """The likeliest of tokens that are all forbidden is number 0: greedily, a text of padding was made without a word."""
    with pytest.raises(InputError, match="forbid every token"):
        list(generate.generate(ruled("llama", **rules), TEXT, sampling, tokens=2))
    # This one's end token is forced where its room ends, and so may not be forbidden.
    with pytest.raises(InputError, match="forbid every token"):
        capture(ruled("t5", **rules), TEXT)


def test_the_shell_says_the_rules(ruled, monkeypatch, capsys):
    model = ruled("llama", suppress_tokens=[5], num_beams=4)
    monkeypatch.setattr("explorer.cli.beyond.opened", lambda given: model)
    assert main(["generate", "--model", "x", "--greedy", "--tokens", "3", "--text", TEXT]) == 0
    said = capsys.readouterr()
    words = "".join(step.token.text for step in generate.generate(model, TEXT, tokens=3))
    assert said.out == words + "\n" and "suppress_tokens [5]" in said.err and "num_beams 4" in said.err
