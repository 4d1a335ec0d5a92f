"""The sentiment classifier: its file, its arithmetic, and the accuracy that its card prints."""

import re
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from models import ModelError, sentiment
from tests import ROOT

DEV = ROOT.parent / "shared" / "data" / "sst2" / "dev.tsv"
CARD = (sentiment.SHIPPED / f"{sentiment.NAME}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shipped():
    return sentiment.load_sentiment()


def logits(bert, shipped, texts):
    batch = bert.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        return shipped.logits(bert.network(**batch).last_hidden_state, batch["attention_mask"])


def test_the_shipped_probe_fits_the_bundled_bert(bert, shipped):
    assert shipped.base == bert.name and shipped.weight.shape == (2, bert.network.config.hidden_size)
    assert shipped.labels == ("negative", "positive")
    assert (sentiment.SHIPPED / f"{sentiment.NAME}.safetensors").stat().st_size < 8_000
    assert sentiment.load_sentiment() is shipped
    assert shipped.base_sha256 in CARD


def test_it_tells_plain_praise_from_plain_blame(bert, shipped):
    found = logits(bert, shipped, ["a wonderful, warm and moving film", "a dull, clumsy and pointless film"])
    assert found.argmax(1).tolist() == [1, 0] and found.dtype == torch.float32


@pytest.mark.thorough
def test_the_card_prints_the_accuracy_on_the_dev_part(bert, shipped):
    if not DEV.is_file():
        pytest.skip(f"{DEV} is not on this machine")
    rows = [line.split("\t") for line in DEV.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: len(row[1]))
    right = 0
    for start in range(0, len(rows), 64):
        chosen = rows[start : start + 64]
        found = logits(bert, shipped, [text for _label, text in chosen]).argmax(1)
        right += int((found == torch.tensor([int(label) for label, _text in chosen])).sum())
    printed, n_right, n = re.search(r"Dev accuracy: ([\d.]+)% \((\d+) of (\d+) sentences\)", CARD).groups()
    assert (right, len(rows)) == (int(n_right), int(n))
    assert f"{100 * right / len(rows):.2f}" == printed
    assert right / len(rows) >= 0.799


@pytest.mark.parametrize("skip_ends", [False, True])
@pytest.mark.parametrize("normalise", [False, True])
def test_padding_on_either_side_changes_nothing(skip_ends, normalise):
    torch.manual_seed(0)
    text = torch.randn(1, 5, 8)
    kept = text[0, 1:-1] if skip_ends else text[0]
    mean = kept.mean(0)
    expected = mean / mean.norm() if normalise else mean
    junk = torch.full((1, 3, 8), torch.inf)
    for hidden, mask in (
        (text, [1] * 5),
        (torch.cat([text, junk], 1), [1] * 5 + [0] * 3),
        (torch.cat([junk, text], 1), [0] * 3 + [1] * 5),
    ):
        torch.testing.assert_close(sentiment.pooled(hidden, torch.tensor([mask]), skip_ends, normalise)[0], expected)


def test_a_text_of_nothing_but_its_frame_gives_the_bias(shipped):
    found = shipped.logits(torch.randn(1, 2, shipped.weight.shape[1]), torch.ones(1, 2))
    torch.testing.assert_close(found[0], shipped.bias)


def test_gradients_reach_the_hidden_states(shipped):
    hidden = torch.randn(2, 4, shipped.weight.shape[1], dtype=torch.bfloat16, requires_grad=True)
    shipped.logits(hidden, torch.ones(2, 4)).sum(0)[1].backward()
    assert hidden.grad[:, 1:-1].abs().sum() > 0 and not hidden.grad[:, 0].any()


def _about(**changed):
    about = {"format": sentiment.FORMAT, "labels": '["a", "b"]', "skip_ends": "true", "normalise": "true", "base": "m"}
    return about | {"base_sha256": "0", "trained_on": "x"} | changed


@pytest.mark.parametrize(
    ("tensors", "about", "said"),
    [
        ({"weight": torch.ones(2, 3), "bias": torch.ones(2)}, _about(format="other"), "is not a classifier"),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(2)}, _about(labels="not json"), "cannot be read"),
        ({"weight": torch.ones(3, 3), "bias": torch.ones(3)}, _about(), "for 2 labels"),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(1)}, _about(), "for 2 labels"),
        ({"weight": torch.full((2, 3), torch.nan), "bias": torch.ones(2)}, _about(), "for 2 labels"),
        ({"weight": torch.ones(2, 3)}, _about(), "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, tensors, about, said):
    path = tmp_path / "probe.safetensors"
    save_file(tensors, path, metadata=about)
    with pytest.raises(ModelError, match=said):
        sentiment.read(path)


def test_a_missing_or_broken_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        sentiment.read(tmp_path / "nothing.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ModelError, match="cannot be read"):
        sentiment.read(tmp_path / "broken.safetensors")


def test_it_is_refused_on_other_weights(monkeypatch):
    monkeypatch.setattr(sentiment, "digests", SimpleNamespace(of_file=lambda path: "another"))  # the catalogue goes on with the real one
    with pytest.raises(ModelError, match="other weights"):
        sentiment.load_sentiment.__wrapped__()


def test_training_writes_weights_and_card(tmp_path, monkeypatch, capsys):
    from models.training import sentiment as training

    praise, blame = (
        ["a warm and lovely film", "superb", "what a joy", "kind and funny"],
        ["dull", "a clumsy mess", "what a bore", "cold and rude"],
    )
    for part in ("train", "dev"):
        rows = [f"{label}\t{text} {n}" for n in range(3) for label, texts in ((1, praise), (0, blame)) for text in texts]
        (tmp_path / f"{part}.tsv").write_text("\n".join(rows), encoding="utf-8")
    monkeypatch.setattr(training, "STRENGTHS", (0.003,))
    assert training.main(["--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    made = sentiment.read(tmp_path / "out" / f"{sentiment.NAME}.safetensors")
    card = (tmp_path / "out" / f"{sentiment.NAME}.md").read_text(encoding="utf-8")
    assert made.labels == ("negative", "positive") and "of 24 sentences" in card
    assert all(line in card for line in capsys.readouterr().out.strip().splitlines() if line.startswith("|"))
    assert training.main(["--data", str(tmp_path / "nowhere")]) == 1
