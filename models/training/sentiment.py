"""Trains the sentiment classifier: `python -m models.training.sentiment --data ../shared/data/sst2 --out models/shipped`.

The bundled BERT reads every sentence once; a regularised logistic regression is fitted to the mean of its last hidden states.
Whether [CLS] and [SEP] count, whether the mean is scaled to length 1, and how strong the regularisation is: cross-validation on
the training part decides, by its loss. The dev part is scored once for each row of the table and decides nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models import digests, sentiment
from models.atomic import put_text, whole
from models.opening import catalogue, loading

LABELS = ("negative", "positive")
STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03)
"""Inverse strengths of the regularisation (scikit-learn's C), on standardised features."""
BATCH = 64
FOLDS = 5
SEED = 0


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted classifier and its figures: accuracies as shares, the loss in nats."""

    skip_ends: bool
    normalise: bool
    strength: float
    weight: np.ndarray
    bias: float
    train: float
    cross: float
    cross_loss: float
    dev: float


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m models.training.sentiment", description="Trains the sentiment classifier of the bundled BERT."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv and dev.tsv, label<TAB>sentence")
    parser.add_argument("--out", type=Path, default=sentiment.SHIPPED, help="folder for the weights and the card (%(default)s)")
    given = parser.parse_args(arguments)
    torch.manual_seed(SEED)
    try:
        texts = {part: rows(given.data / f"{part}.tsv") for part in ("train", "dev")}
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    model = loading.load(catalogue.BUNDLED_BERT, device="cpu", dtype="float32")
    fits = []
    for skip_ends, means in features(model, {part: sentences for part, (sentences, _labels) in texts.items()}).items():
        for normalise in (True, False):
            train, dev = ((_scaled(means[part], normalise), texts[part][1]) for part in ("train", "dev"))
            fits.append(fitted(skip_ends, normalise, train, dev))
    chosen = min(fits, key=lambda fit: fit.cross_loss)
    table = table_of(fits, chosen)
    print(table)
    write(given.out, chosen, table, {part: len(sentences) for part, (sentences, _labels) in texts.items()})
    return 0


def rows(path: Path) -> tuple[list[str], np.ndarray]:
    """Sentences and labels of a file without header, label<TAB>sentence, in which a quote is a character like any other."""
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [sentence for _label, sentence in read], np.array([int(label) for label, _sentence in read])


def features(model: loading.Model, texts: dict[str, list[str]]) -> dict[bool, dict[str, np.ndarray]]:
    """Means over the last hidden states, by whether the ends are skipped and by part: float64 (sentences, width)."""
    means = {skip_ends: {part: [] for part in texts} for skip_ends in (False, True)}
    for part, sentences in texts.items():
        encoded = [model.tokenizer(text, truncation=True, max_length=model.max_length) for text in sentences]
        # Neighbours of one length waste nothing on padding.
        order = sorted(range(len(sentences)), key=lambda i: len(encoded[i]["input_ids"]))
        back = np.argsort(order)
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                batch = model.tokenizer.pad([encoded[i] for i in order[start : start + BATCH]], return_tensors="pt")
                hidden = model.network(**batch).last_hidden_state  # (batch, tokens, width)
                for skip_ends, found in means.items():
                    found[part].append(sentiment.pooled(hidden, batch["attention_mask"], skip_ends, normalise=False).double().numpy())
        for found in means.values():
            found[part] = np.concatenate(found[part])[back]
    return means


def fitted(skip_ends: bool, normalise: bool, train: tuple[np.ndarray, np.ndarray], dev: tuple[np.ndarray, np.ndarray]) -> Fit:
    """The classifier whose strength has the smallest cross-validated loss.

    Args:
        skip_ends, normalise: how the features came about.
        train, dev: features (sentences, width) and labels (sentences,).
    """
    sentences, labels = train
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    best: tuple[float, float, float] | None = None
    for strength in STRENGTHS:
        # The scaler is part of what is validated: each fold standardises by its own training sentences.
        chances = cross_val_predict(_pipeline(strength), sentences, labels, cv=folds, method="predict_proba")
        loss, accuracy = log_loss(labels, chances), float((chances.argmax(1) == labels).mean())
        if best is None or loss < best[0]:
            best = (loss, accuracy, strength)
    loss, accuracy, strength = best
    fit = _pipeline(strength).fit(sentences, labels)
    scaler, regression = fit[0], fit[1]
    weight = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weight @ scaler.mean_)

    def right(part: np.ndarray, labels: np.ndarray) -> float:
        return float(((part @ weight + bias > 0) == labels).mean())

    return Fit(skip_ends, normalise, strength, weight, bias, right(*train), accuracy, loss, right(*dev))


def table_of(fits: list[Fit], chosen: Fit) -> str:
    """The figures, as a table in Markdown."""
    lines = ["| features | C | train | cross-validation | its loss (nats) | dev |", "|---|---|---|---|---|---|"]
    for fit in fits:
        title = ("without" if fit.skip_ends else "with") + " [CLS] [SEP]" + (", length 1" if fit.normalise else "")
        title = f"**{title}** (shipped)" if fit is chosen else title
        figures = f"{fit.train:.2%} | {fit.cross:.2%} | {fit.cross_loss:.4f} | {fit.dev:.2%}"
        lines.append(f"| {title} | {fit.strength:g} | {figures} |")
    return "\n".join(lines)


def write(out: Path, fit: Fit, table: str, sizes: dict[str, int]) -> None:
    """Weights and card."""
    out.mkdir(parents=True, exist_ok=True)
    base = catalogue.bundled_folder(catalogue.BUNDLED_BERT) / "model.safetensors"
    # Half the weight each way: softmax over two classes then equals the sigmoid that was fitted.
    weight = torch.tensor(np.stack([-fit.weight, fit.weight]) / 2, dtype=torch.float32)
    bias = torch.tensor([-fit.bias / 2, fit.bias / 2], dtype=torch.float32)
    trained_on = f"Stanford Sentiment Treebank, binary, training part: {sizes['train']:,} sentences"
    about = {
        "format": sentiment.FORMAT,
        "labels": json.dumps(LABELS),
        "skip_ends": str(fit.skip_ends).lower(),
        "normalise": str(fit.normalise).lower(),
        "base": catalogue.BUNDLED_BERT,
        "base_sha256": digests.of_file(base),
        "trained_on": trained_on,
        "dev_accuracy": f"{fit.dev:.4f}",
    }
    file = out / f"{sentiment.NAME}.safetensors"
    with whole(file) as beside:
        save_file({"weight": weight, "bias": bias}, beside, metadata=about)
    card = CARD.format(
        base=about["base"],
        sha256=about["base_sha256"],
        width=weight.shape[1],
        ends="left out" if fit.skip_ends else "included",
        scaled=", scaled to length 1" if fit.normalise else "",
        bytes=file.stat().st_size,
        table=table,
        folds=FOLDS,
        dev=f"{fit.dev:.2%}",
        right=round(fit.dev * sizes["dev"]),
        n_dev=sizes["dev"],
        trained_on=trained_on,
    )
    put_text(out / f"{sentiment.NAME}.md", card)


CARD = """\
# Sentiment probe of {base}

A linear classifier (2 x {width} weights, 2 biases, float32, {bytes:,} bytes): negative (0) or positive (1). It reads the mean of
the last hidden states of {base}, [CLS] and [SEP] {ends}{scaled}.
The model itself was not trained further.

- Base weights: sha256 `{sha256}`; it is refused on any other.
- Data: {trained_on} (Socher et al. 2013). None of them is part of this project.
- Made by: `python -m models.training.sentiment --data ../shared/data/sst2 --out models/shipped`, which wrote this card.

Dev accuracy: {dev} ({right} of {n_dev} sentences).

{table}

Features are standardised, which is folded into the weights. The kind of mean and the strength C were chosen by the loss of a
{folds}-fold cross-validation on the training part; the dev part was scored after that.

## Limits

Trained on sentences from film reviews in English, in lower case and split into words by the treebank's rules. It sees one mean
vector, so negation, contrast and irony often escape it. Neutral sentences get one of the two labels all the same. It exists to
watch accuracy change while heads are switched off; it decides nothing about people.
"""


def _scaled(part: np.ndarray, normalise: bool) -> np.ndarray:
    part = part.astype(np.float64)
    return part / np.linalg.norm(part, axis=1, keepdims=True) if normalise else part


def _pipeline(strength: float) -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=5000))


if __name__ == "__main__":
    sys.exit(main())
