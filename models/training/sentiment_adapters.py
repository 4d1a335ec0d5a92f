"""Fine-tunes the bundled BERT for sentiment: `python -m models.training.sentiment_adapters --data ../shared/data/sst2 --out models/shipped`.

Low-rank adapters (Hu et al. 2022) on all its linear layers and a head on its pooler are trained on the training part, with PEFT; the weights
of the base stay as they are. The dev part and our own sentences are scored once, after the last step, with the adapters as they are stored
(float16) and merged as `models.load` merges them; they decide nothing. Rate, rank and dropout are those that did best on 1,000 sentences
of the training part that were set aside for it.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from models.atomic import put_text, whole_folder
from models.opening import adapters, catalogue, loading
from models.training.optimiser import adamw
from models.training.sentiment import LABELS, rows

NAME = "minilm-sst2"
OWN = Path(__file__).resolve().parents[2] / "explorer" / "tasks" / "texts" / "sentiment.tsv"
"""Our own sentences: label, sentence and kind, with a header."""
AS_TYPED = (("-lrb-", "("), ("-rrb-", ")"), ("``", '"'), ("''", '"'), (" n't", "n't"), ("can not", "cannot"))
"""How the treebank writes, and how people do; what else differs the tokenizer undoes."""


@dataclass(frozen=True)
class Recipe:
    """One training run.

    Attributes:
        epochs: times that each sentence is read; from the second time on half of them are read as people type them.
        batch: sentences of a step.
        rate: learning rate; it rises over the first `rising` of all steps, and falls in a line to zero.
        rank, alpha: of the adapters, whose change is alpha / rank B A.
        dropout: of what the adapters read, and in the network.
        decay: weight decay of matrices.
        smoothing: share of the probability that is given to both classes alike.
        seed: of the adapters, the order and the dropout.
    """

    epochs: int = 10
    batch: int = 32
    rate: float = 3e-4
    rising: float = 0.06
    rank: int = 32
    alpha: float = 64.0
    dropout: float = 0.2
    decay: float = 0.05
    smoothing: float = 0.05
    seed: int = 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m models.training.sentiment_adapters", description="Fine-tunes the bundled BERT for sentiment."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv and dev.tsv, label<TAB>sentence")
    parser.add_argument("--out", type=Path, default=catalogue.SHIPPED, help="folder for the folder of the adapters (%(default)s)")
    parser.add_argument("--own", type=Path, default=OWN, help="more sentences to score: label, sentence, kind (%(default)s)")
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value, help="%(default)s")
    given = vars(parser.parse_args(arguments))
    data, out, own = given.pop("data"), given.pop("out"), given.pop("own")
    try:
        train, dev = rows(data / "train.tsv"), rows(data / "dev.tsv")
        mine = _own(own)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    recipe, begun = Recipe(**given), time.process_time()
    network, tokenizer = made(recipe)
    learnt(network, tokenizer, train, recipe, say=print)
    minutes = (time.process_time() - begun) / 60
    folder = out / NAME
    write(folder, network)
    found = {"dev": accuracy(folder, *dev), "own": accuracy(folder, *mine)}
    size = sum(file.stat().st_size for file in folder.iterdir())
    card = CARD.format(
        base=catalogue.BUNDLED_BERT,
        n_train=len(train[0]),
        recipe="\n".join(f"| {name} | {value} |" for name, value in asdict(recipe).items()),
        dev=_share(found["dev"], len(dev[0])),
        own=_share(found["own"], len(mine[0])),
        minutes=round(minutes),
        megabytes=size / 1e6,
        # Adapters, their config, and the head: what is not in the base.
        parameters=sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad),
    )
    put_text(folder / "README.md", card)
    print(card)
    return 0


def made(recipe: Recipe) -> tuple[nn.Module, object]:
    """The bundled BERT with a head for two classes and adapters that change nothing yet, and its tokenizer."""
    import peft

    torch.manual_seed(recipe.seed)
    base = catalogue.bundled_folder(catalogue.BUNDLED_BERT)
    config = BertConfig.from_pretrained(base, id2label=dict(enumerate(LABELS)), label2id={name: i for i, name in enumerate(LABELS)})
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = config.classifier_dropout = recipe.dropout
    network = BertForSequenceClassification.from_pretrained(base, config=config, dtype=torch.float32, local_files_only=True)
    settings = peft.LoraConfig(
        task_type="SEQ_CLS", r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=recipe.dropout, target_modules="all-linear"
    )
    return peft.get_peft_model(network, settings), loading.load(catalogue.BUNDLED_BERT, device="cpu").tokenizer


def learnt(network: nn.Module, tokenizer: object, train: tuple[Sequence[str], np.ndarray], recipe: Recipe, say=print) -> None:
    """Trains the adapters and the head.

    Args:
        network: from `made`.
        train: sentences, and their labels (sentences,).
        say: is told how it goes, once an epoch.
    """
    weights = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = adamw(weights, recipe.rate, recipe.decay, (0.9, 0.98))
    steps, step = recipe.epochs * math.ceil(len(train[0]) / recipe.batch), 0
    chance = random.Random(recipe.seed)
    network.train()
    for epoch in range(recipe.epochs):
        losses = []
        for texts, labels in _batches(*train, recipe.batch, chance, typed=0.5 if epoch else 0.0):
            share = step / steps
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * min((share + 1 / steps) / recipe.rising, (1 - share) / (1 - recipe.rising))
            inputs = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
            logits = network(**inputs).logits
            loss = nn.functional.cross_entropy(logits, torch.tensor(labels), label_smoothing=recipe.smoothing)
            loss.backward()
            nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            optimiser.zero_grad()
            losses.append(loss.item())
            step += 1
        say(f"epoch {epoch + 1} of {recipe.epochs}: loss {np.mean(losses):.4f} nats, {time.process_time() / 60:.0f} min of processor time")
    network.eval()


def as_typed(sentence: str) -> str:
    """A sentence of the treebank as people type it: brackets, quotation marks and contractions."""
    for treebank, people in AS_TYPED:
        sentence = sentence.replace(treebank, people)
    return sentence


def write(folder: Path, network: nn.Module) -> None:
    """Adapters and head in float16, as PEFT saves them, and the configuration of the network that they make of the base."""
    network.peft_config["default"].base_model_name_or_path = catalogue.BUNDLED_BERT
    with whole_folder(folder) as beside:
        network.save_pretrained(beside, save_embedding_layers=False)  # else PEFT asks the hub whether the vocabulary grew
        file = beside / adapters.WEIGHTS
        save_file({name: value.half() for name, value in load_file(file).items()}, file, metadata={"format": "pt"})
        merged = network.get_base_model()
        merged.config.architectures = [type(merged).__name__]
        merged.config.save_pretrained(beside)


def accuracy(folder: Path, texts: Sequence[str], labels: np.ndarray) -> float:
    """Share of right classes, with the model as anybody opens it."""
    model = loading.load(folder, device="cpu", dtype="float32")
    with torch.inference_mode():
        found = [model.network(**model.tokenizer(text, return_tensors="pt", truncation=True)).logits.argmax(-1).item() for text in texts]
    return float((np.array(found) == labels).mean())


def _batches(texts: Sequence[str], labels: np.ndarray, size: int, chance: random.Random, typed: float) -> Iterator[tuple[list[str], list[int]]]:
    order = list(range(len(texts)))
    chance.shuffle(order)
    # Sentences of about one length go together, within a part of the epoch, and in any order.
    parts = [sorted(order[i : i + 20 * size], key=lambda i: len(texts[i])) for i in range(0, len(order), 20 * size)]
    batches = [part[i : i + size] for part in parts for i in range(0, len(part), size)]
    chance.shuffle(batches)
    for batch in batches:
        yield [as_typed(texts[i]) if chance.random() < typed else texts[i] for i in batch], [int(labels[i]) for i in batch]


def _own(path: Path) -> tuple[list[str], np.ndarray]:
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [sentence for _label, sentence, *_kind in lines], np.array([int(label) for label, *_rest in lines])


def _share(share: float, n: int) -> str:
    return f"{share:.2%} ({round(share * n)} of {n})"


CARD = """\
# Sentiment of all-MiniLM-L6-v2, fine-tuned

Low-rank adapters (Hu et al. 2022) on all linear layers of {base}, and a head on its pooler: negative (0) or positive (1).
{parameters:,} parameters in float16, {megabytes:.2f} MB, in the format of PEFT; merged into the base when they are opened.

| accuracy on | |
|---|---|
| SST-2, dev part | {dev} |
| this project's own sentences | {own} |

- Data: Stanford Sentiment Treebank, binary, training part: {n_train:,} sentences (Socher et al. 2013). None of them is part of this project.
- Made by: `python -m models.training.sentiment_adapters --data ../shared/data/sst2 --out models/shipped`, which wrote this card
  ({minutes} minutes of processor time).

| setting | |
|---|---|
{recipe}

The dev part and our own sentences were scored once, after the last step.

## Limits

Trained on sentences from film reviews in English. Neutral sentences get one of the two labels all the same. It exists to watch accuracy
change while heads are switched off; it decides nothing about people.
"""


if __name__ == "__main__":
    sys.exit(main())
