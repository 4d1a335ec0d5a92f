"""Q1: each measure against transformers' own eager attention."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, BertConfig, BertForPreTraining, MarianMTModel

from explorer.capture import capture
from explorer.lectures import next_sentence, q01_mechanism
from explorer.lectures.words import read
from models.opening import catalogue
from tests import tiny

TEXT = "I love you very much."


def eager(name, kind):
    return kind.from_pretrained(catalogue.bundled_folder(name), attn_implementation="eager", dtype=torch.float32).eval().requires_grad_(False)


def share_above(attentions):
    """Of all weights of all layers, (batch, heads, query, key) each, those right of the diagonal; a row at a time."""
    above = total = 0.0
    for layer in attentions:
        for head in layer[0].double():
            for i, row in enumerate(head):
                above += float(row[i + 1 :].sum())
                total += float(row.sum())
    return above / total


@pytest.fixture(scope="module")
def result(opener):
    return q01_mechanism.compute(opener, query=3, text=TEXT, layer=2)


def test_shares_above_the_diagonal_are_those_of_eager_attention(opener, result):
    for name, measure in (("bert-mini", "above_bert"), ("gpt2-mini", "above_gpt")):
        ids = torch.tensor([opener(name).tokenizer(TEXT)["input_ids"]])
        found = share_above(eager(name, AutoModel)(ids, output_attentions=True).attentions)
        assert result[measure] == pytest.approx(found, abs=1e-5)
    assert result["above_gpt"] == result["above_target"] == 0
    assert result["above_bert"] > 0.05


def test_the_translator_is_the_one_of_transformers(opener, result):
    model = opener("translate-mini")
    ids = torch.tensor([model.tokenizer(TEXT)["input_ids"]])
    network = eager("translate-mini", MarianMTModel)
    target = torch.tensor([[network.config.decoder_start_token_id, *model.tokenizer(text_target=written(opener))["input_ids"][:-1]]])
    out = network(input_ids=ids, decoder_input_ids=target, output_attentions=True)
    assert result["above_source"] == pytest.approx(share_above(out.encoder_attentions), abs=1e-5)
    assert (result["cross_rows"], result["cross_columns"]) == out.cross_attentions[0].shape[-2:]
    word, chance = result.data["predictions"][4]
    chances = out.logits[0, 2].softmax(-1)
    assert chance == pytest.approx(float(chances.max()), abs=1e-4)
    assert word == model.tokenizer.convert_ids_to_tokens(int(chances.argmax())).strip("▁ ")
    row = result.data["rows"][4]
    assert np.allclose(row["weights"], out.cross_attentions[2][0, :, 2].mean(0).detach(), atol=1e-5)


def written(opener):
    """What the translator writes, by transformers' own generation."""
    model = opener("translate-mini")
    ids = torch.tensor([model.tokenizer(TEXT)["input_ids"]])
    made = eager("translate-mini", MarianMTModel).generate(ids, num_beams=1, do_sample=False, max_new_tokens=11)
    return model.tokenizer.decode(made[0], skip_special_tokens=True)


def test_predictions_are_those_of_the_networks(opener, result):
    bert, gpt = opener("bert-mini"), opener("gpt2-mini")
    ids = torch.tensor([bert.tokenizer(TEXT)["input_ids"]])
    ids[0, 3] = bert.tokenizer.mask_token_id
    chances = eager("bert-mini", AutoModelForMaskedLM)(ids).logits[0, 3].softmax(-1)
    assert result.data["predictions"][0] == (
        bert.tokenizer.decode([int(chances.argmax())]).strip(),
        pytest.approx(float(chances.max()), abs=1e-4),
    )
    ids = torch.tensor([gpt.tokenizer(TEXT)["input_ids"]])
    chances = eager("gpt2-mini", AutoModelForCausalLM)(ids).logits[0, 2].softmax(-1)
    assert result.data["predictions"][1] == (gpt.tokenizer.decode([int(chances.argmax())]).strip(), pytest.approx(float(chances.max()), abs=1e-4))


def test_what_lights_up_is_what_may_be_seen(opener, result):
    words = read("q01_mechanism", "en")
    for query in (1, 4):
        found = q01_mechanism.compute(opener, query=query, text=TEXT, layer=2)
        cells = q01_mechanism.pictures(found, words, False)[0].tables["cells"]
        lit = cells.assign(lit=cells["value"].notna()).groupby("r")["lit"].agg(["sum", "size"])
        assert lit.loc[[0, 2, 4], "sum"].tolist() == lit.loc[[0, 2, 4], "size"].tolist()
        assert lit.loc[[1, 3], "sum"].tolist() == [query, query]
    assert len(q01_mechanism.more(result, words, False)) == 3


def test_a_long_text_is_cut_and_a_query_beyond_it_is_its_last_token(opener):
    found = q01_mechanism.compute(opener, query=8, text="Yes.")
    assert [row["query"] for row in found.data["rows"]][1] == len(found.data["rows"][1]["tokens"]) - 1
    long = q01_mechanism.compute(opener, text="the dog and the cat " * 8)
    assert max(len(row["tokens"]) for row in long.data["rows"]) <= 12


@pytest.mark.parametrize(("name", "at"), [("all-MiniLM-L6-v2", 0), ("gpt2", 1)])
def test_the_viewers_model_stands_in_the_place_of_its_kind(opener, tmp_path, name, at):
    """One that predicts nothing, and a decoder of two layers."""
    name = str(tiny.save(name, tmp_path)) if at else name
    model, text = opener(name), "the dog and the cat"
    found = q01_mechanism.compute(opener, query=2, text=text, layer=3, model=name)
    words = read("q01_mechanism", "en")
    assert found.data["titles"][at] == model.short_name and not any(found.data["titles"][2:])
    assert all(measure.holds for measure in found.measures)
    captured = capture(model, text, max_tokens=12)
    assert found.data["rows"][at]["tokens"] == captured.source.labels
    last = captured.sites()[-1].layer
    assert np.allclose(found.data["maps"][at][0], captured.mean(min(3, last)), atol=1e-6)
    assert (found.data["predictions"][at] is None) == (name == "all-MiniLM-L6-v2")
    assert model.short_name in str(q01_mechanism.pictures(found, words, False)[0].values)


def test_every_token_can_look(opener):
    """The slider goes as far as a text does: 12 tokens in a decoder, each of which lights itself and those before it."""
    (control,) = (one for one in q01_mechanism.DEMO.controls if one.name == "query")
    text = "the dog and the cat and the man and the tree and"
    longest = len(q01_mechanism.compute(opener, text=text).data["rows"][1]["tokens"])
    assert control.values == tuple(range(1, longest + 1)) and longest == 12
    for query in control.values[7:]:
        row = q01_mechanism.compute(opener, query=query, text=text).data["rows"][1]
        assert row["query"] == query - 1 and row["visible"].sum() == query and row["weights"][query - 1] > 0


@pytest.mark.parametrize(("text", "chinese"), [(TEXT, ""), ("the dog", ""), ("我爱你", "我爱你")])
def test_zh_mini_reads_what_the_translator_wrote_or_chinese_as_it_is(opener, text, chinese):
    found = q01_mechanism.compute(opener, query=3, text=text, layer=2, model="zh-mini")
    model, translator = opener("zh-mini"), opener("translate-mini")
    if not chinese:
        ids = torch.tensor([translator.tokenizer(text)["input_ids"]])
        made = eager("translate-mini", MarianMTModel).generate(ids, num_beams=1, do_sample=False, max_new_tokens=11)
        chinese = translator.tokenizer.decode(made[0], skip_special_tokens=True)
    ids = torch.tensor([model.tokenizer(chinese)["input_ids"][:12]])
    row = found.data["rows"][0]
    assert row["tokens"] == model.tokenizer.convert_ids_to_tokens(ids[0].tolist())
    attentions = eager("zh-mini", AutoModel)(ids, output_attentions=True).attentions
    assert np.allclose(row["weights"], attentions[2][0, :, row["query"]].mean(0), atol=1e-5)
    assert found["above_bert"] == pytest.approx(share_above(attentions), abs=1e-5)
    assert found.said["encoder"] == "zh-mini" and all(measure.holds for measure in found.measures)
    ids[0, row["query"]] = model.tokenizer.mask_token_id
    chances = eager("zh-mini", AutoModelForMaskedLM)(ids).logits[0, row["query"]].softmax(-1)
    assert found.data["predictions"][0] == (
        model.tokenizer.convert_ids_to_tokens(int(chances.argmax())),
        pytest.approx(float(chances.max()), abs=1e-4),
    )


@pytest.mark.parametrize("text", [TEXT, "the dog and the cat"])
def test_toys_with_random_weights_see_what_the_trained_ones_see_and_prefer_nothing(opener, text):
    found, trained = (q01_mechanism.compute(opener, query=3, text=text, layer=2, model=model) for model in ("toys", "bert-mini"))
    for toy, model in zip(found.data["rows"], trained.data["rows"], strict=True):
        assert toy["tokens"] == model["tokens"] and (toy["visible"] == model["visible"]).all()
        seen = toy["weights"][toy["visible"]]
        assert seen.sum() == pytest.approx(1, abs=1e-5) and np.abs(seen - 1 / len(seen)).max() < 0.02 < np.ptp(model["weights"])
    assert all(measure.holds for measure in found.measures)
    # Even attention over n tokens: of row i, the n - 1 - i later ones have 1 / n each.
    n = len(found.data["rows"][0]["tokens"])
    assert found["above_bert"] == pytest.approx(np.mean([(n - 1 - i) / n for i in range(n)]), abs=0.01)
    assert all(row is None or row[1] < 0.01 for row in found.data["predictions"])
    for which, said in (("en", "random weights"), ("zh", "随机权重")):
        words = read("q01_mechanism", which)
        (picture,) = q01_mechanism.pictures(found, words, False)
        assert said in picture.description["title"]["text"] and picture.values["names"] == [words.label(f"toy.{i}") for i in range(5)]
        assert said not in q01_mechanism.pictures(trained, words, False)[0].description["title"]["text"]
    assert found.said["encoder"] == "random-toy-encoder"


def test_a_bert_with_both_of_its_objectives_fills_its_gap(opener, tmp_path):
    """Saved as transformers' BertForPreTraining, which names its logits in another way."""
    opener("bert-mini").tokenizer.save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=len(opener("bert-mini").tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    torch.manual_seed(0)
    network = BertForPreTraining(config).eval().requires_grad_(False)
    network.save_pretrained(tmp_path)
    found = q01_mechanism.compute(opener, query=3, text=TEXT, model=str(tmp_path))
    tokenizer = opener("bert-mini").tokenizer
    ids = torch.tensor([tokenizer(TEXT)["input_ids"]])
    ids[0, 3] = tokenizer.mask_token_id
    chances = network(ids).prediction_logits[0, 3].softmax(-1)
    assert found.data["predictions"][0][1] == pytest.approx(float(chances.max()), abs=1e-6)


@pytest.mark.parametrize("named", ["BertForPreTraining", "BertForMaskedLM"])
def test_a_bert_with_its_next_sentence_head_says_how_likely_a_sentence_follows(opener, tmp_path, named):
    """As BERT's published files are: they hold the head, and name a class without it."""
    tokenizer = opener("bert-mini").tokenizer
    tokenizer.save_pretrained(tmp_path)
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    torch.manual_seed(0)
    network = BertForPreTraining(config).eval().requires_grad_(False)
    torch.nn.init.normal_(network.cls.seq_relationship.weight)
    network.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(written | {"architectures": [named]}))
    found = q01_mechanism.compute(opener, query=3, text=TEXT, model=str(tmp_path))
    first, *seconds = next_sentence.PAIRS["en"]
    for measured, second in zip(("follows", "elsewhere"), seconds, strict=True):
        one, other = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (first, second))
        ids = torch.tensor([[tokenizer.cls_token_id, *one, tokenizer.sep_token_id, *other, tokenizer.sep_token_id]])
        segments = torch.tensor([[0] * (len(one) + 2) + [1] * (len(other) + 1)])
        state = network.bert(ids, token_type_ids=segments).pooler_output[0]
        logits = network.cls.seq_relationship.weight @ state + network.cls.seq_relationship.bias
        assert found[measured] == pytest.approx(float(torch.sigmoid(logits[0] - logits[1])), abs=1e-5)
    assert found["follows"] != found["elsewhere"]
    shown = {measure.name for measure in q01_mechanism.compute(opener, query=3, text=TEXT).measures}
    assert not shown & {"follows", "elsewhere"}, "bert-mini was trained without that head"
