"""One text, one capture: pairs and cuts against eager transformers that is called with token_type_ids, in every measurement."""

import copy
import resource
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers

import explorer
import models
from explorer import generate
from explorer.capture import MAX_NEW_TOKENS, capture_ids
from explorer.flow import blankout, methods, relevance, targets
from explorer.lens import contributions, layers
from explorer.positions import order
from explorer.reading import encode, inputs, read, tokens_of
from models.opening import sites
from tests import tiny as making

TEXT, PAIR = "the cat sat on the mat", "where did they play"
ARRAYS = ("ids", "chances", "chosen", "chance", "rank", "entropy", "divergence")


def telling(model: models.Model) -> models.Model:
    """The same model with a tokenizer that makes token_type_ids, as that of BERT does."""
    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    return replace(model, tokenizer=tokenizer)


@pytest.fixture
def paired(tiny) -> models.Model:
    return telling(tiny("bert"))


def eager(model: models.Model, given: dict, **options: bool) -> object:
    model.network.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            return model.network(**given, **options)
    finally:
        model.network.set_attn_implementation(models.attention.NAME)


def of_pair(model: models.Model) -> dict[str, torch.Tensor]:
    given = model.tokenizer(TEXT, PAIR, return_tensors="pt")
    assert given["token_type_ids"].unique().tolist() == [0, 1], "else this would test nothing"
    return dict(given)


def test_a_pair_in_the_lens(paired):
    captured = explorer.capture(paired, TEXT, PAIR)
    found = layers.lens(paired, captured, k=3)
    outputs = eager(paired, of_pair(paired), output_hidden_states=True)
    with torch.no_grad():
        expected = [paired.network.cls(states)[0] for states in outputs.hidden_states[:-1]] + [outputs.logits[0]]
    for layer, logits in enumerate(expected):
        np.testing.assert_allclose(found.chances[layer], logits.softmax(-1).topk(3).values.numpy(), atol=1e-5)
    assert len(found.labels) == len(captured.tokens) == outputs.logits.shape[1]
    ids = [int(i) for i in captured.source.ids]
    alone = layers.lens(paired, ids, k=3)  # the same tokens as one text: another result, so the segments do count
    assert np.abs(alone.chances - found.chances).max() > 1e-3


def test_a_masked_token_of_a_pair_keeps_the_segments(paired):
    captured, given = explorer.capture(paired, TEXT, PAIR), of_pair(paired)
    at = len(captured.tokens) - 2
    given["input_ids"][0, at] = paired.tokenizer.mask_token_id
    logits = eager(paired, given).logits[0]
    found = layers.lens(paired, captured, masked=at)
    assert found.labels[at] == "[MASK]" and captured.tokens[at] != "[MASK]"
    np.testing.assert_allclose(found.chances[-1, at], logits[at].softmax(-1).topk(5).values.numpy(), atol=1e-5)
    parts = contributions.contributions(paired, captured, at, masked=True)
    assert parts.number == int(logits[at].argmax()) and parts.logit == pytest.approx(float(logits[at].max()), abs=1e-4)
    assert parts.deviation < 1e-4
    target = targets.make(paired, captured, "masked", at=at)
    assert target.value == pytest.approx(float(logits[at].max()), abs=1e-4) and target.number == int(logits[at].argmax())


def test_a_pair_in_contributions(paired):
    captured = explorer.capture(paired, TEXT, PAIR)
    logits = eager(paired, of_pair(paired)).logits[0]
    at = len(captured.tokens) - 3
    for number in (5, 11):
        found = contributions.contributions(paired, captured, at, number)
        assert found.logit == pytest.approx(float(logits[at, number]), abs=1e-4) and found.deviation < 1e-4


def test_a_pair_in_the_trace(paired):
    captured, given = explorer.capture(paired, TEXT, PAIR), of_pair(paired)
    target = targets.make(paired, captured, "masked", at=2)
    given["input_ids"][0, 2] = paired.tokenizer.mask_token_id
    traced = methods.trace(paired, target)
    whole = eager(paired, given).logits[0, 2].softmax(-1)[target.number]
    number = blankout.filler(paired)[0]
    for at in target.free:
        without = {name: values.clone() for name, values in given.items()}
        without["input_ids"][0, at] = number
        effect = float(whole - eager(paired, without).logits[0, 2].softmax(-1)[target.number])
        assert traced.effects[at] == pytest.approx(effect, abs=1e-5)
    weights = eager(paired, given, output_attentions=True).attentions[-1][0].mean(0)
    np.testing.assert_allclose(traced.maps["attention"], weights.numpy(), atol=1e-5)


def test_relevance_of_a_pair(paired):
    target = targets.make(paired, explorer.capture(paired, TEXT, PAIR), "masked", at=2)
    found = relevance.relevance(paired, target)
    paired.network.set_attn_implementation("eager")
    try:
        output = paired.network(**target.tokens.inputs(), output_attentions=True)
        gradients = torch.autograd.grad(output.logits[0, 2, target.number], output.attentions)
    finally:
        paired.network.set_attn_implementation(models.attention.NAME)
    expected = torch.eye(len(target.ids))
    for weights, gradient in zip(output.attentions, gradients, strict=True):
        expected = expected + (gradient * weights)[0].clamp(min=0).mean(0).detach() @ expected
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-5, rtol=1e-4)


def test_the_bundled_bert_classifies_both_texts(bert):
    texts = "The film was a wonderful surprise.", "The other one was dull and far too long, a waste of everything."
    one, both = targets.make(bert, texts[0]), targets.make(bert, explorer.capture(bert, *texts))
    assert both.chance < one.chance if both.number == one.number else True
    given = bert.tokenizer(*texts, return_tensors="pt")
    with torch.no_grad():
        hidden = eager(bert, dict(given)).last_hidden_state
    expected = both._classifier.logits(hidden, torch.ones(hidden.shape[:2]))[0]
    assert both.value == pytest.approx(float(expected[both.number]), abs=1e-4)


def test_segments_are_not_types(tiny):
    captured = explorer.capture(tiny("roberta"), TEXT, PAIR)
    assert captured.segments[-1] == 1 and captured.source.types == () and "token_type_ids" not in captured.source.inputs()
    given = tiny("roberta").tokenizer(TEXT, PAIR, return_tensors="pt")
    found = layers.lens(tiny("roberta"), captured)
    np.testing.assert_allclose(found.chances[-1], eager(tiny("roberta"), given).logits[0].softmax(-1).topk(5).values.numpy(), atol=1e-5)


@pytest.mark.parametrize("name", ["bert", "llama"])
def test_a_cut_text_is_cut_everywhere(tiny, name):
    model = tiny(name)
    captured = explorer.capture(model, f"{TEXT} . " * 9, max_tokens=12)
    ids = list(captured.source.ids)
    assert len(ids) == 12 and "cut at 12 of" in captured.notes[0]
    lens, same = layers.lens(model, captured), layers.lens(model, ids)
    for array in ARRAYS:
        np.testing.assert_array_equal(getattr(lens, array), getattr(same, array))
    assert contributions.contributions(model, captured, 11).logit == contributions.contributions(model, ids, 11).logit
    traced = methods.trace(model, targets.make(model, captured))
    assert traced.effects.shape == (12,) and traced.target.ids.tolist()[:1] == ids[:1]
    # Beyond what the model reads at all, a string is refused and its capture is not.
    long = "the cat " * 40
    with pytest.raises(models.InputError, match="more than the 40"):
        layers.lens(model, long)
    assert len(layers.lens(model, explorer.capture(model, long)).labels) == 40
    with pytest.raises(models.InputError, match="knows the ids"):
        read(model, [1, 2, 99])


def test_the_forms_of_a_text_are_one(tiny):
    model = tiny("bert")
    forms = [TEXT, model.tokenizer(TEXT)["input_ids"], read(model, TEXT), explorer.capture(model, TEXT)]
    for other in forms[1:]:
        assert read(model, other).ids == read(model, TEXT).ids and read(model, other).labels == read(model, TEXT).labels
        for array in ARRAYS:
            np.testing.assert_array_equal(getattr(layers.lens(model, other), array), getattr(layers.lens(model, TEXT), array))
        assert targets.make(model, other, "vector").tokens == targets.make(model, TEXT, "vector").tokens
        assert order.permuted(model, other, range(8)).max == order.permuted(model, TEXT, range(8)).max == 0
    for empty in ("", [], "  "):
        with pytest.raises(models.InputError, match="no text"):
            read(model, empty)


def test_a_permuted_pair_keeps_each_token_in_its_text(paired):
    captured = explorer.capture(paired, TEXT, PAIR)
    backwards = list(range(len(captured.tokens)))[::-1]
    found = order.permuted(paired, captured, backwards)
    given = {name: values[:, backwards] for name, values in of_pair(paired).items()}
    paired.network.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            expected = paired.network.base_model(**given).last_hidden_state[0]
    finally:
        paired.network.set_attn_implementation(models.attention.NAME)
    np.testing.assert_allclose(found.after, expected.numpy(), atol=1e-5)


def test_a_text_and_its_tokens_given_to_another_capture(paired, tiny):
    captured = explorer.capture(paired, TEXT, PAIR)
    again = explorer.capture(paired, captured)
    np.testing.assert_array_equal(again.patterns(1), captured.patterns(1))
    assert again.number != captured.number and again.source == captured.source
    translated = explorer.capture(tiny("bart"), TEXT)
    once_more = explorer.capture(tiny("bart"), translated)
    assert once_more.sides == translated.sides and once_more.notes == translated.notes
    np.testing.assert_array_equal(once_more.pattern(1, 2, "cross"), translated.pattern(1, 2, "cross"))
    with pytest.raises(models.InputError, match="read already"):
        explorer.capture(paired, captured, PAIR)


@pytest.mark.parametrize("name", ["llama", "t5"])
def test_generation_goes_on_with_a_capture(tiny, name):
    model = tiny(name)
    one, other = ([step.token.number for step in generate.generate(model, text, tokens=5)] for text in (TEXT, explorer.capture(model, TEXT)))
    assert one == other and len(one) > 0


def test_generation_tells_new_tokens_their_segment(tmp_path):
    config = making.CONFIGS["bert"]().config
    config.is_decoder = True
    torch.manual_seed(2)
    transformers.BertLMHeadModel(config).save_pretrained(tmp_path)
    making.tokenizer("llama").save_pretrained(tmp_path)
    model = telling(models.load(tmp_path, device="cpu"))
    # Trained with segments that are not alike.
    model.network.bert.embeddings.token_type_embeddings.weight.data.normal_(std=3)
    for number in (0, 1):
        told = replace(read(model, "the cat sat"), types=(0, 0, number))
        steps = list(generate.generate(model, told, tokens=4))
        ids = torch.tensor([[*told.ids, *(step.token.number for step in steps[:-1])]])
        with torch.no_grad():
            expected = model.network(ids, token_type_ids=torch.tensor([[0, 0] + [number] * (ids.shape[1] - 2)])).logits[0, -1].softmax(-1)
        assert steps[-1].candidates[0].chance == pytest.approx(expected.max().item(), abs=1e-5)


# what was not read


@pytest.mark.parametrize(("text", "pair"), [(9, 30), (30, 9), (30, 31), (40, 40), (3, 60), (60, 3), (1, 1), (90, 0), (10, 2)])
@pytest.mark.parametrize("limit", [40, 21, 8])
def test_notes_count_what_was_cut_of_each_text(tiny, text, pair, limit):
    model = tiny("bert")
    captured = explorer.capture(model, "cat " * text, "dog " * pair, max_tokens=limit)
    kept = [captured.tokens.count(word) for word in ("cat", "dog")]
    lost = [text - kept[0], pair - kept[1]]
    if not any(lost):
        assert captured.notes == ()
    elif pair:
        n = text + pair + 3
        expected = f"The two texts are cut at {limit} of {n} tokens: {lost[0]} of the first and {lost[1]} of the second were not read."
        assert captured.notes == (expected,)
    else:
        assert captured.notes == (f"The text is cut at {limit} of {text + 2} tokens; {lost[0]} were not read.",)


@pytest.mark.parametrize(("text", "pair"), [(9, 30), (30, 9), (30, 31), (12, 12), (35, 0), (2, 30), (20, 19)])
@pytest.mark.parametrize("limit", [30, 17, 8, 7])
def test_tokens_are_shortened_as_the_tokenizer_does(tiny, text, pair, limit):
    model = telling(tiny("bert"))
    texts = "cat dog " * (text // 2) + "mat " * (text % 2), "it was " * (pair // 2) + "warm " * (pair % 2)
    whole = tokens_of(model, encode(model, *texts))
    assert whole.shortened(limit) == tokens_of(model, encode(model, *texts, limit=limit))


@pytest.mark.parametrize("name", ["bert", "roberta", "bart"])
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize(("text", "pair", "limit"), [(30, 41, 20), (41, 30, 20), (40, 40, 19), (40, 40, 18), (200, 50, 13)])
def test_two_long_texts_are_cut_as_the_tokenizer_cuts_them(tiny, name, side, text, pair, limit, monkeypatch):
    model = tiny(name)
    monkeypatch.setattr(model.tokenizer, "truncation_side", side)
    # Words that differ, so that it shows which ones are kept.
    words = ["cat", "dog", "mat", "it", "was", "warm", "the", "sat"]
    texts = [" ".join(words[(i * step) % 8] for i in range(n)) for n, step in ((text, 3), (pair, 5))]
    made = model.tokenizer(*texts, truncation=True, max_length=limit)
    found = encode(model, *texts, limit=limit)
    assert list(found.ids) == made["input_ids"]
    segments = [segment for segment in made.sequence_ids(0) if segment is not None]
    whole = model.tokenizer(*texts).sequence_ids(0)
    assert found.unread == tuple(whole.count(i) - segments.count(i) for i in (0, 1))
    if found.types:
        assert list(found.types) == made["token_type_ids"]


def test_two_very_long_texts_do_not_fill_the_memory(tiny):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    captured = explorer.capture(tiny("bert"), "cat " * 10_000, "dog " * 10_000, max_tokens=40)
    assert captured.tokens.count("cat") + captured.tokens.count("dog") == 37
    # The tokenizer itself takes 9 GB for that.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_a_tokenizer_in_python_is_counted_too(tiny, monkeypatch):
    model = telling(tiny("bert"))
    fast = model.tokenizer

    class Slow:
        """What a tokenizer without a fast version returns: dictionaries."""

        is_fast = False

        def __call__(self, **given: object) -> object:
            return dict(fast(**given))

        def __getattr__(self, name: str) -> object:
            return getattr(fast, name)

    given = ("cat " * 20, "dog " * 30)
    expected = encode(model, *given, limit=21)
    assert encode(replace(model, tokenizer=Slow()), *given, limit=21) == expected and expected.unread == (11, 21)


@pytest.mark.parametrize("name", ["t5", "bart", "marian", "toy_pair"])
def test_a_generated_target_that_was_cut_says_so_and_one_that_ended_does_not(tiny, name, monkeypatch):
    model = tiny(name)
    captured = explorer.capture(model, TEXT)
    most = min(MAX_NEW_TOKENS, (model.max_length or 999) - 1)
    cut = len(captured.sides["decoder"]) == most + 1
    assert cut == (f"The generated target was cut at {most} tokens; the model had not ended it." in captured.notes)
    # Whatever comes first is an end token now.
    first = captured.sides["decoder"].ids[1]
    monkeypatch.setattr(model.network.generation_config, "eos_token_id", first)
    ended = explorer.capture(model, TEXT)
    assert len(ended.sides["decoder"]) == 1 and ended.notes == ("The target was generated (greedy).",)


def test_a_given_target_that_was_cut_says_so(tiny):
    captured = explorer.capture(tiny("bart"), TEXT, target="cat " * 60)
    assert captured.notes == ("The target is cut at 40 of 61 tokens; 21 were not read.",)


def test_inputs_of_several_texts_have_the_segments_of_the_places(paired):
    tokens = explorer.capture(paired, TEXT, PAIR).source
    given = tokens.inputs("cpu", torch.tensor([tokens.ids] * 3))
    assert given["token_type_ids"].tolist() == [list(tokens.types)] * 3 == of_pair(paired)["token_type_ids"].tolist() * 3
    assert set(inputs(torch.tensor([[1, 2]]))) == {"input_ids", "attention_mask"}
    with torch.no_grad():
        expected = paired.network(**sites.inputs_for(paired.network, **of_pair(paired))).logits
        assert torch.equal(paired.network(**sites.inputs_for(paired.network, **tokens.inputs())).logits, expected)
    ids = capture_ids(paired, tokens)
    np.testing.assert_array_equal(ids.patterns(0), explorer.capture(paired, TEXT, PAIR).patterns(0))
