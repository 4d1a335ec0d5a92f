"""The fine-tuned classifier: how it is made, and what its card says."""

import re

import numpy as np
import torch

import models
from explorer.tasks import choose
from models.opening import catalogue
from models.training import sentiment_adapters

GOOD, BAD = "a warm and clever film that never drags", "a dull , lifeless mess of a story"


def test_a_run_ends_in_a_folder_that_opens_and_a_card_of_what_it_does(tmp_path, capsys):
    for name in ("train", "dev"):
        (tmp_path / f"{name}.tsv").write_text(f"1\t{GOOD}\n0\t{BAD}\n" * 4)
    (tmp_path / "own.tsv").write_text(f"label\tsentence\tkind\n1\t{GOOD}\tplain\n1\t{BAD}\tplain\n")
    where = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--own", str(tmp_path / "own.tsv")]
    assert sentiment_adapters.main([*where, "--epochs", "2", "--batch", "4", "--rank", "2", "--rate", "0.002"]) == 0
    folder = tmp_path / "out" / sentiment_adapters.NAME
    model = models.load(folder, device="cpu")
    with torch.no_grad():
        found = [int(model.network(**model.tokenizer(text, return_tensors="pt")).logits.argmax()) for text in (GOOD, BAD)]
    card = (folder / "README.md").read_text()
    right = 4 * np.array([found[0] == 1, found[1] == 0]).sum()
    assert f"| SST-2, dev part | {right / 8:.2%} ({right} of 8) |" in card and card in capsys.readouterr().out
    assert f"({sum(label == 1 for label in found)} of 2) |" in card and "| rank | 2 |" in card


def test_no_data_is_told(tmp_path, capsys):
    assert sentiment_adapters.main(["--data", str(tmp_path)]) == 1 and "train.tsv" in capsys.readouterr().err


def test_the_card_says_what_the_shipped_adapters_reach(classifier):
    folder = catalogue.SHIPPED / catalogue.SENTIMENT
    card = (folder / "README.md").read_text()
    scores = choose.make("classify", classifier, choose.built_in("classify")).score()
    n, right = len(scores.correct), int(scores.correct.sum())
    assert f"| this project's own sentences | {right / n:.2%} ({right} of {n}) |" in card
    assert float(re.search(r"dev part \| ([\d.]+)%", card)[1]) >= 87
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 3e6
