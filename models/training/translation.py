"""Trains translate-mini: `python -m models.training.translation --data ../shared/data/zh --out models/shipped/translate-mini`.

It translates from English to Chinese: an encoder and a decoder of the Marian architecture (Junczys-Dowmunt et al. 2018), which plain
transformers opens, with one vocabulary for both languages. The same command goes on where an interrupted one stopped, to the same result.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import MarianConfig, MarianMTModel, PreTrainedTokenizerFast

from models.atomic import put_text, whole_folder
from models.opening import loading
from models.training import characters, loop, sentences
from models.training.chinese import command
from models.training.chinese_texts import Pairs, pairs
from models.training.recipe import optimisers_of
from models.training.schedule import Schedule

NAME = "translate-mini"
EXAMPLES = ("I love you.", "You love me.", "She gave him a book.", "The weather is very good today.", "Tom doesn't like cats.")
"""Sentences whose translations stand on the card."""
_CHECKED, _ROWS = 250, 64
"""Steps from one look at the pairs that were set apart to the next; sentences that are translated at once."""


@dataclass(frozen=True)
class Recipe(Schedule):
    """One training run; what is not named here is that of a `Schedule`.

    Attributes:
        tokens: most tokens of a step, of the longer of the two languages.
        layers, heads, width: shape of the encoder and of the decoder; a feed-forward layer is four times as wide.
        context: longest text in tokens.
        pieces: pieces of English words in the vocabulary.
        dropout: in the network.
        smoothing: share of the probability that is given to all tokens alike (Szegedy et al. 2016).
    """

    steps: int = 2200
    rate: float = 1e-3
    tokens: int = 4096
    layers: int = 4
    heads: int = 8
    width: int = 256
    context: int = 128
    pieces: int = 3000
    dropout: float = 0.3
    smoothing: float = 0.1
    rising: int = 400
    falling: float = 0.7
    decay: float = 0.1
    clip: float = 1.0
    seed: int = 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.training.translation", description="Trains translate-mini, English to Chinese.")
    return command(parser, Recipe(), make, arguments)


def make(recipe: Recipe, data: Path, out: Path, *, restart: bool = False, say: Callable[[str], None] = print) -> None:
    """Trains the model and writes it with its card, from the start or from where an earlier run stopped.

    Args:
        data: folder with the sentence pairs.
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
        loop.forget(file)
    both = pairs(data)
    tokenizer = _tokenizer(recipe, both, file.parent)
    say(f"{NAME}: {len(both.train):,} pairs, {len(tokenizer):,} in the vocabulary")
    network, seconds = train(recipe, both, tokenizer, file, say)
    loop.write(out, network, tokenizer)
    write_card(out, recipe, both, seconds, say)
    loop.forget(file)


def _tokenizer(recipe: Recipe, both: Pairs, work: Path) -> PreTrainedTokenizerFast:
    """The vocabulary that an unfinished run began with, or a new one, which is kept.

    Which of two pieces that are equally common gets in is decided anew each time by the library that learns them, and all numbers behind it
    with it: a run that went on with another vocabulary would read other words than it has learned.
    """
    if (work / "run.safetensors").is_file() and (work / "tokenizer.json").is_file():
        return PreTrainedTokenizerFast.from_pretrained(work, local_files_only=True)
    english, chinese = zip(*both.train, strict=True)
    tokenizer = characters.for_translation(english, chinese, recipe.pieces, recipe.context)
    with whole_folder(work, ("tokenizer.json",)) as beside:
        tokenizer.save_pretrained(beside)
    return tokenizer


def network_of(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> nn.Module:
    """The untrained network; one table of embeddings serves both languages and the logits."""
    config = MarianConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=recipe.context,
        d_model=recipe.width,
        encoder_layers=recipe.layers,
        decoder_layers=recipe.layers,
        encoder_attention_heads=recipe.heads,
        decoder_attention_heads=recipe.heads,
        encoder_ffn_dim=4 * recipe.width,
        decoder_ffn_dim=4 * recipe.width,
        dropout=recipe.dropout,
        attention_dropout=recipe.dropout / 3,
        activation_dropout=recipe.dropout / 3,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
        # As Marian does: translations begin with the token that pads.
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    network = MarianMTModel._from_config(config, attn_implementation="sdpa")
    # What pads and begins is never said; sampling would draw it else.
    network.generation_config.bad_words_ids = [[tokenizer.pad_token_id]]
    network.generation_config.max_length = recipe.context
    return network


def train(
    recipe: Recipe, both: Pairs, tokenizer: PreTrainedTokenizerFast, file: Path, say: Callable[[str], None] = print
) -> tuple[nn.Module, float]:
    """The trained network, float32 on the CPU, and the seconds of processor time that it took.

    Args:
        both: the pairs; those that were set apart are looked at from time to time.
        file: checkpoint, as in `loop.run`, which says what is raised.
    """
    torch.manual_seed(recipe.seed)
    network = network_of(recipe, tokenizer).to(loop.device()).train()
    optimisers = optimisers_of(network, recipe)
    ids = [encoded(tokenizer, both.train, side) for side in (0, 1)]
    apart = [encoded(tokenizer, both.checked, side) for side in (0, 1)]
    order = sentences.Order([max(len(a), len(b)) for a, b in zip(*ids, strict=True)], recipe.tokens, recipe.seed)
    pad = tokenizer.pad_token_id

    def step_of(step: int) -> Tensor:
        # Of the step alone, so that a run that was interrupted drops the same.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        rows = order.rows_at(step)
        sources, targets = (sentences.padded([side[i] for i in rows], pad) for side in ids)
        return loop.update(network, optimisers, recipe, step, loss(network, sources, targets, pad, recipe.smoothing))

    def every(step: int) -> str:
        if not both.checked or (step % _CHECKED and step != recipe.steps):
            return ""
        network.eval()
        with torch.no_grad():
            found = loss(network, *(sentences.padded(side, pad) for side in apart), pad, 0.0)
        network.train()
        return f"set apart: {found:.3f} nats a token"

    seconds = loop.run(network, optimisers, recipe, step_of, file, say, every)
    return network.float().cpu().eval(), seconds


def encoded(tokenizer: PreTrainedTokenizerFast, rows: Sequence[tuple[str, str]], side: int) -> list[list[int]]:
    """Tokens of one side of pairs, each with the end that it has."""
    return tokenizer([row[side] for row in rows], truncation=True, verbose=False)["input_ids"] if rows else []


def loss(network: nn.Module, sources: Tensor, targets: Tensor, pad: int, smoothing: float) -> Tensor:
    """Mean cross-entropy of the targets in nats a token; the decoder reads them one place later, after the token that pads.

    Args:
        sources: English, (sentences, tokens), padded.
        targets: Chinese, (sentences, tokens), padded.
    """
    device = next(network.parameters()).device
    sources, targets = sources.to(device), targets.to(device)
    before = nn.functional.pad(targets, (1, 0), value=pad)[:, :-1]
    asked = targets != pad
    with torch.autocast(device.type, torch.bfloat16):
        hidden = network.model(input_ids=sources, attention_mask=(sources != pad).long(), decoder_input_ids=before)[0]
        logits = network.lm_head(hidden[asked]) + network.final_logits_bias[0]
    return nn.functional.cross_entropy(logits.float(), targets[asked], label_smoothing=smoothing)


def translated(model: loading.Model, texts: Sequence[str], beams: int = 1) -> list[str]:
    """The Chinese of English texts, by transformers' own `generate`: the likeliest token at each place, or the best of so many beams."""
    network, tokenizer = model.network, model.tokenizer
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found = [""] * len(texts)
    for begin in range(0, len(order), _ROWS):
        part = order[begin : begin + _ROWS]
        inputs = tokenizer([texts[i] for i in part], return_tensors="pt", padding=True, truncation=True).to(model.device)
        with torch.inference_mode():
            out = network.generate(**inputs, num_beams=beams, do_sample=False)
        for i, text in zip(part, tokenizer.batch_decode(out, skip_special_tokens=True), strict=True):
            found[i] = text
    return found


def figures(model: loading.Model, rows: Sequence[tuple[str, str]], beams: int = 1) -> tuple[float, float]:
    """Character BLEU and chrF of translations (Papineni et al. 2002, Popović 2015), both from 0 to 100, by sacrebleu.

    Each pair has its one reference, though the same English may have other translations.
    """
    import sacrebleu

    found, wanted = translated(model, [row[0] for row in rows], beams), [row[1] for row in rows]
    return sacrebleu.corpus_bleu(found, [wanted], tokenize="zh").score, sacrebleu.corpus_chrf(found, [wanted]).score


def write_card(out: Path, recipe: Recipe, both: Pairs, seconds: float, say: Callable[[str], None] = print) -> None:
    """Opens the model as a viewer would, measures it, and writes its README.md."""
    model = loading.load(out, device="cpu", dtype="float32")
    lines = [f"| {len(both.held_out):,} pairs held out | BLEU of characters | chrF |", "|---|---|---|"]
    for title, beams in (("likeliest token at each place", 1), ("best of 4 beams", 4)):
        bleu, chrf = figures(model, both.held_out, beams)
        lines.append(f"| {title} | {bleu:.2f} | {chrf:.2f} |")
    measured = "\n".join(lines)
    examples = "\n".join(f"| {source} | {target} |" for source, target in zip(EXAMPLES, translated(model, EXAMPLES), strict=True))
    say(f"{measured}\n{examples}")
    text = CARD.format(
        name=NAME,
        parameters=model.parameters,
        size=(out / "model.safetensors").stat().st_size / 1e6,
        vocabulary=len(model.tokenizer),
        n_pairs=len(both.train),
        figures=measured,
        examples=examples,
        minutes=seconds / 60,
        machine=loop.machine(),
        recipe="\n".join(f"| {name} | {value} |" for name, value in asdict(recipe).items()),
        **asdict(recipe),
    )
    put_text(out / "README.md", text)


CARD = """\
# {name}

A small translator from English to Chinese, trained from scratch for this project: Marian architecture, {layers} layers x {heads} heads in the
encoder and as many in the decoder, width {width}, sinusoidal positions, {parameters:,} parameters, {size:.1f} MB in fp16. {vocabulary:,} tokens:
pieces of English words in lower case, and Chinese characters. Plain `from_pretrained` of transformers opens it.

## Made of

{n_pairs:,} sentence pairs of Tatoeba (https://tatoeba.org), CC BY 2.0 FR, by the contributors of Tatoeba; numbers and authors of the sentences
stand in the file that they come in. None of them is part of this project. The weights are the project's own and come under its licence.

Muon for the matrices of the layers and AdamW (0.9, 0.95) for the rest, bfloat16 autocast with float32 weights. {minutes:.0f} minutes of
processor time, on {machine}.

| setting | |
|---|---|
{recipe}

```
python -m models.training.translation --data ../shared/data/zh --out models/shipped/{name}
```

## Held out

{figures}

By sacrebleu (`tokenize="zh"`), one reference each. The pairs that are held out share neither their English nor their Chinese with any that
was learned from; further ones, apart from both, served to choose settings. Punctuation of the Chinese that was typed as in English stands as
in Chinese, in learning and here.

| English | its Chinese |
|---|---|
{examples}

## Limits

Simple sentences of daily life, many of them about somebody called Tom; longer or rarer ones come out wrong. It exists to watch attention
between two languages; use it for nothing else.
"""


if __name__ == "__main__":
    sys.exit(main())
