"""Trains zh-mini, a BERT that reads Chinese: `python -m models.training.chinese --data ../shared/data/zh --out models/shipped/zh-mini`.

A token is a character; sentences stand alone, as somebody types them, with pieces of Lu Xun's prose among them. The same command goes on
where an interrupted one stopped, to the same result.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from models.atomic import put_text
from models.opening import loading
from models.training import characters, loop, sentences
from models.training.batches import NOT_ASKED, rng_of
from models.training.chinese_texts import Pairs, Prose, pairs, pieces, prose
from models.training.recipe import optimisers_of
from models.training.schedule import Schedule

NAME = "zh-mini"


@dataclass(frozen=True)
class Recipe(Schedule):
    """One training run; what is not named here is that of a `Schedule`.

    Attributes:
        tokens: most tokens of a step.
        layers, heads, width: shape of the network; a feed-forward layer is four times as wide.
        context: longest text in tokens.
        hidden: share of the characters that are asked for.
        dropout: in the network; the texts are so few that each is read dozens of times.
    """

    steps: int = 1000
    rate: float = 2e-3
    tokens: int = 6144
    layers: int = 6
    heads: int = 8
    width: int = 256
    context: int = 256
    hidden: float = 0.25
    dropout: float = 0.1
    rising: int = 200
    falling: float = 0.6
    decay: float = 0.1
    clip: float = 1.0
    seed: int = 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.training.chinese", description="Trains zh-mini, a BERT that reads Chinese.")
    return command(parser, Recipe(), make, arguments)


def command(parser: argparse.ArgumentParser, recipe: Schedule, make: Callable[..., None], arguments: list[str] | None) -> int:
    """What the commands of zh-mini and translate-mini have in common: where from, where to, and any number of the recipe."""
    parser.add_argument("--data", type=Path, required=True, help="folder with the sentence pairs and the prose")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model; an unfinished run is kept beside it, in OUT.work")
    parser.add_argument("--restart", action="store_true", help="forget an unfinished run instead of going on with it")
    for name, value in asdict(recipe).items():
        parser.add_argument(f"--{name}", type=type(value), default=value, help="%(default)s")
    given = vars(parser.parse_args(arguments))
    data, out, restart = given.pop("data"), given.pop("out"), given.pop("restart")
    return loop.status(lambda: make(replace(recipe, **given), data, out, restart=restart))


def make(recipe: Recipe, data: Path, out: Path, *, restart: bool = False, say: Callable[[str], None] = print) -> None:
    """Trains the model and writes it with its card, from the start or from where an earlier run stopped.

    Args:
        data: folder with the two files of `chinese_texts`.
        out: where the model goes.
        restart: forget an unfinished run.
        say: told what is going on.

    Raises:
        InputError: data are missing, or a checkpoint in the way is broken or of another recipe.
        ModelError: the training went astray.
        Stopped: on Ctrl-C or SIGTERM.
    """
    file = loop.checkpoint_of(out)
    if restart:
        file.unlink(missing_ok=True)
    spoken, written = pairs(data), prose(data)
    texts = texts_of(recipe, spoken, written)
    tokenizer = characters.for_bert(texts, recipe.context)
    say(f"{NAME}: {len(texts):,} texts of {sum(map(len, texts)):,} characters, {len(tokenizer):,} in the vocabulary")
    network, seconds = train(recipe, texts, chinese(spoken.checked), tokenizer, file, say)
    loop.write(out, network, tokenizer)
    write_card(out, recipe, spoken, written, texts, seconds, say)
    loop.forget(file)


def texts_of(recipe: Recipe, spoken: Pairs, written: Prose) -> list[str]:
    """What is learned from: every Chinese sentence of the pairs once, and the prose in pieces that fit."""
    longest = recipe.context // 2
    return [*chinese(spoken.train), *(piece for paragraph in written.train for piece in pieces(paragraph, longest))]


def chinese(rows: Sequence[tuple[str, str]]) -> list[str]:
    """The Chinese sentences of pairs, each once."""
    return list(dict.fromkeys(row[1] for row in rows))


def network_of(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> nn.Module:
    """The untrained network."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=recipe.context,
        hidden_size=recipe.width,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        intermediate_size=4 * recipe.width,
        hidden_dropout_prob=recipe.dropout,
        attention_probs_dropout_prob=recipe.dropout,
        pad_token_id=tokenizer.pad_token_id,
    )
    return BertForMaskedLM._from_config(config, attn_implementation="sdpa")


def train(
    recipe: Recipe,
    texts: Sequence[str],
    checked: Sequence[str],
    tokenizer: PreTrainedTokenizerFast,
    file: Path,
    say: Callable[[str], None] = print,
) -> tuple[nn.Module, float]:
    """The trained network, float32 on the CPU, and the seconds of processor time that it took.

    Args:
        checked: sentences whose loss is said from time to time; nothing is learned from them.
        file: checkpoint, as in `loop.run`, which says what is raised.
    """
    torch.manual_seed(recipe.seed)
    device = loop.device()
    network = network_of(recipe, tokenizer).to(device).train()
    optimisers = optimisers_of(network, recipe)
    ids, apart = (tokenizer(list(of), truncation=True, verbose=False)["input_ids"] for of in (texts, checked))
    order = sentences.Order([len(row) for row in ids], recipe.tokens, recipe.seed)
    special = tokenizer.all_special_ids
    ordinary = (max(special) + 1, len(tokenizer))

    def batch_of(rows: Sequence[Sequence[int]], step: int, share: float):
        padded = sentences.padded(rows, tokenizer.pad_token_id)
        return sentences.masked(rng_of(recipe.seed, step), padded, share, special, tokenizer.mask_token_id, ordinary)

    def step_of(step: int) -> Tensor:
        # Of the step alone, so that a run that was interrupted drops the same.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        batch = batch_of([ids[i] for i in order.rows_at(step)], step, recipe.hidden)
        return loop.update(network, optimisers, recipe, step, loss(network, batch.inputs, batch.targets, tokenizer.pad_token_id)[0])

    def every(step: int) -> str:
        if not apart or (step % _CHECKED and step != recipe.steps):
            return ""
        network.eval()
        with torch.no_grad():
            batch = batch_of(apart, 0, 0.15)
            found, right = loss(network, batch.inputs, batch.targets, tokenizer.pad_token_id)
        network.train()
        return f"set apart: {found:.3f} nats, {right:.1%} right"

    seconds = loop.run(network, optimisers, recipe, step_of, file, say, every)
    return network.float().cpu().eval(), seconds


_CHECKED = 250
"""Steps from one look at the sentences that were set apart to the next."""


def loss(network: nn.Module, inputs: Tensor, targets: Tensor, pad: int) -> tuple[Tensor, float]:
    """Mean cross-entropy in nats of what is asked for, and the share of right first guesses.

    Args:
        inputs: tokens, (sentences, tokens), padded.
        targets: the same shape, or NOT_ASKED.
    """
    device = next(network.parameters()).device
    where = (targets.flatten() != NOT_ASKED).nonzero()[:, 0].to(device)
    inputs, wanted = inputs.to(device), targets.flatten().to(device)[where]
    with torch.autocast(device.type, torch.bfloat16):
        hidden = network.bert(input_ids=inputs, attention_mask=(inputs != pad).long())[0]  # (sentences, tokens, width)
        logits = network.cls(hidden.flatten(0, 1)[where])
    right = float((logits.detach().argmax(-1) == wanted).float().mean()) if not network.training else 0.0
    return nn.functional.cross_entropy(logits.float(), wanted), right


def accuracy(model: loading.Model, texts: Sequence[str], share: float = 0.15, seed: int = 0) -> dict[str, tuple[int, int]]:
    """How many hidden characters are the model's first guess, and how many were hidden.

    Every sentence is read alone; `share` of its characters, drawn with `seed`, and at least one, are replaced by [MASK], all of them: none is
    kept or swapped, as some are in training.

    Returns:
        (right, hidden) of "all" tokens, and of "characters", where punctuation does not count.
    """
    rng, tokenizer = np.random.default_rng(seed), model.tokenizer
    found = {"all": [0, 0], "characters": [0, 0]}
    for text in texts:
        ids = np.array(tokenizer(text, truncation=True)["input_ids"])
        inner = np.flatnonzero(~np.isin(ids, [tokenizer.cls_token_id, tokenizer.sep_token_id]))
        chance = rng.random(len(inner))
        hidden = inner[(chance < share) | (chance == chance.min())]
        shown = torch.tensor(ids)
        shown[hidden] = tokenizer.mask_token_id
        with torch.inference_mode():
            guesses = model.network(shown[None].to(model.device)).logits[0, hidden].argmax(-1).cpu().numpy()
        # A character without a token is never guessed right.
        right = (guesses == ids[hidden]) & (ids[hidden] != tokenizer.unk_token_id)
        words = np.array([token.isalnum() for token in tokenizer.convert_ids_to_tokens(ids[hidden])]) | (ids[hidden] == tokenizer.unk_token_id)
        for name, of in (("all", np.ones_like(words)), ("characters", words)):
            found[name][0] += int((right & of).sum())
            found[name][1] += int(of.sum())
    return {name: (right, asked) for name, (right, asked) in found.items()}


def write_card(
    out: Path, recipe: Recipe, spoken: Pairs, written: Prose, texts: Sequence[str], seconds: float, say: Callable[[str], None] = print
) -> None:
    """Opens the model as a viewer would, measures it, and writes its README.md."""
    model = loading.load(out, device="cpu", dtype="float32")
    lines = ["| held out | characters hidden | first guess is right | without punctuation |", "|---|---|---|---|"]
    prose_apart = [piece for paragraph in written.held_out for piece in pieces(paragraph, recipe.context // 2)]
    for title, apart in (("sentences of Tatoeba", chinese(spoken.held_out)), ("ends of Lu Xun's collections", prose_apart)):
        found = accuracy(model, apart)
        shares = {name: f"{right / max(1, asked):.2%}" for name, (right, asked) in found.items()}
        lines.append(f"| {title} ({len(apart):,}) | {found['all'][1]:,} | {shares['all']} | {shares['characters']} |")
    figures = "\n".join(lines)
    say(figures)
    text = CARD.format(
        name=NAME,
        parameters=model.parameters,
        size=(out / "model.safetensors").stat().st_size / 1e6,
        vocabulary=len(model.tokenizer),
        sentences=len(chinese(spoken.train)),
        paragraphs=len(written.train),
        characters=sum(map(len, texts)) / 1e6,
        figures=figures,
        minutes=seconds / 60,
        machine=loop.machine(),
        recipe="\n".join(f"| {name} | {value} |" for name, value in asdict(recipe).items()),
        **asdict(recipe),
    )
    put_text(out / "README.md", text)


CARD = """\
# {name}

A small BERT that reads Chinese, trained from scratch for this project: {layers} layers x {heads} heads, width {width}, learned positions,
context of {context} tokens, {parameters:,} parameters, {size:.1f} MB in fp16. A character is a token, {vocabulary:,} in all; Latin words and
numbers are spelled.

## Made of

- {sentences:,} Chinese sentences of Tatoeba (https://tatoeba.org), CC BY 2.0 FR, by the contributors of Tatoeba; numbers and authors of the
  sentences stand in the file that they come in.
- {paragraphs:,} paragraphs of Lu Xun (1881-1936), ten collections, in the public domain.

Together {characters:.2f} million characters. None of these texts is part of this project. The weights are the project's own and come
under its licence.

{hidden:.0%} of the characters are asked for, at least one of each sentence, of which 80 % are replaced by [MASK], 10 % by random characters,
and 10 % stay (Devlin et al. 2019). Muon for the matrices of the layers and AdamW (0.9, 0.95) for the rest, bfloat16 autocast with float32
weights. {minutes:.0f} minutes of processor time, on {machine}.

| setting | |
|---|---|
{recipe}

```
python -m models.training.chinese --data ../shared/data/zh --out models/shipped/{name}
```

## Held out

{figures}

15 % of the characters of each sentence, drawn with seed 0 and at least one, all of them replaced by [MASK]. The sentences of Tatoeba that
are held out share neither their Chinese nor their English with any that was learned from. Punctuation at the end of a sentence is easily
guessed, so the last column leaves it out.

## Limits

Small, and trained for minutes on simple sentences and prose of the 1920s: it knows how Chinese looks, not what is true, and repeats what old
books say. It exists to watch attention; use it for nothing else. It reads simplified characters.
"""


if __name__ == "__main__":
    sys.exit(main())
