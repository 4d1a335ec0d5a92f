"""The model card of a small language model: what it was made of, and its figures on what it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from models.atomic import put_text
from models.opening import loading
from models.training import held_out, loop
from models.training.corpus import HELD_OUT, Corpus
from models.training.recipe import GPT2, Recipe

_SEEDS = 8


def write(
    out: Path, recipe: Recipe, texts: Corpus, test: str, seconds: float, compiled: bool = False, say: Callable[[str], None] = print
) -> None:
    """Opens the model in `out` as a viewer would, measures it, and writes its README.md.

    Args:
        texts: what it was trained on, and the ends of the books.
        test: the test part of WikiText-2, to the byte.
        seconds: processor time that the training took.
        compiled: the network was compiled.
        say: told the figures.
    """
    model = loading.load(out, device="cpu", dtype="float32")
    figures = (_of_gpt2 if recipe.model == GPT2 else _of_bert)(model, test, texts.book_ends)
    say(figures)
    task = _NEXT.format(repeated=recipe.repeated) if recipe.model == GPT2 else _HIDDEN.format(hidden=recipe.hidden)
    raw, articles, books = recipe.shares
    text = CARD.format(
        name=recipe.model,
        kind="GPT-2" if recipe.model == GPT2 else "BERT",
        parameters=model.parameters,
        layers=recipe.layers,
        heads=recipe.heads,
        width=recipe.width,
        context=recipe.context,
        vocabulary=len(model.tokenizer),
        merges=recipe.vocabulary,
        size=(out / "model.safetensors").stat().st_size / 1e6,
        raw=raw,
        articles=articles,
        books=books,
        raw_mb=len(texts.raw.encode()) / 1e6,
        n_books=len(texts.books),
        books_mb=sum(len(book.encode()) for book in texts.books) / 1e6,
        end=HELD_OUT,
        task=task,
        steps=recipe.steps,
        tokens=recipe.tokens,
        all_tokens=recipe.steps * recipe.tokens / 1e6,
        contexts="".join(f"{length} up to step {until:,}, " for length, until in recipe.shorter) + " or ".join(str(n) for n in recipe.contexts),
        rate=recipe.rate,
        rising=recipe.rising,
        falling=recipe.falling,
        decay=recipe.decay,
        clip=recipe.clip,
        minutes=seconds / 60,
        machine=loop.machine(),
        command=f"python -m models.training.language --model {recipe.model} --data ../shared/data --out models/shipped/{recipe.model} "
        f"--steps {recipe.steps} --rate {recipe.rate:g} --seed {recipe.seed}"
        + (f" --embeddings {recipe.embeddings}" if recipe.embeddings else "")
        + (" --compile" if compiled else ""),
        begin=f"Its token embeddings began as those of {Path(recipe.embeddings).name}, all else at random. " if recipe.embeddings else "",
        figures=figures,
    )
    put_text(out / "README.md", text)


def _of_gpt2(model: loading.Model, test: str, book_ends: tuple[str, ...]) -> str:
    books = "\n".join(book_ends)
    induction = held_out.induction(model, seeds=_SEEDS)
    previous = held_out.previous_token(model, seeds=_SEEDS)
    return "\n".join(
        [
            "| held out | figure |",
            "|---|---|",
            f"| WikiText-2 test, {len(test.encode()):,} bytes as they are | {held_out.bits_per_byte(model, test):.3f} bits per byte |",
            f"| ends of the books, {len(books.encode()):,} bytes | {held_out.bits_per_byte(model, books):.3f} bits per byte |",
            f"| induction heads (layer.head from 0) | {_best(induction)} |",
            f"| previous-token heads | {_best(previous)} |",
            "",
            "Bits per byte: nats of all tokens / ln 2 / UTF-8 bytes, in windows of the whole context that overlap by half.",
            "Heads: mean attention weight from a token of the second copy to what followed it in the first, and to the token just",
            f"before; 40 random tokens repeated once, {_SEEDS} sequences.",
        ]
    )


def _of_bert(model: loading.Model, test: str, book_ends: tuple[str, ...]) -> str:
    lines = ["| held out | hidden tokens | first guess is right |", "|---|---|---|"]
    for title, text in (("WikiText-2 test as it is", test), ("ends of the books", "\n".join(book_ends))):
        right, asked = held_out.masked_accuracy(model, text)
        lines.append(f"| {title} | {asked:,} | {right / asked:.2%} |")
    return "\n".join([*lines, "", "15 % of the tokens, drawn with seed 0, all of them replaced by [MASK]."])


def _best(scores: Tensor) -> str:
    """The three best heads, as layer.head and score."""
    order = scores.flatten().argsort(descending=True)[:3].tolist()
    return ", ".join(f"{i // scores.shape[1]}.{i % scores.shape[1]} {scores.flatten()[i]:.3f}" for i in order)


_NEXT = (
    "It predicts the next token. {repeated:.0%} of the windows are random tokens repeated, where only what the first copy gives\n"
    "away counts; they are there for induction heads to form on."
)
_HIDDEN = (
    "It predicts {hidden:.0%} of the tokens, of which 80 % are replaced by [MASK], 10 % by random tokens, and 10 % stay\n(Devlin et al. 2019)."
)

CARD = """\
# {name}

A small {kind}, trained from scratch for this project: {layers} layers x {heads} heads, width {width}, learned positions, context of {context}
tokens, {parameters:,} parameters, {size:.1f} MB in fp16. Its byte-level BPE of {merges:,} tokens was learned from the same texts; with
the special tokens there are {vocabulary:,}. No dropout.

## Made of

- WikiText-2, training part ({raw_mb:.1f} MB, Merity et al. 2017; text of Wikipedia, CC BY-SA 3.0): {raw:.0%} of the windows as the file
  is, with ` @-@ ` and spaces before commas, and {articles:.0%} spelled as people type.
- {n_books} books of Project Gutenberg in the public domain ({books_mb:.1f} MB, {books:.0%} of the windows), the lines of a paragraph joined.
  The last {end:.0%} of each book is held out.

None of these texts is part of this project. The weights are the project's own and come under its licence.

{task}

{begin}{steps:,} steps of {tokens:,} tokens ({all_tokens:.1f} million); windows of {contexts} tokens, half of them from the start of a
paragraph. Position embeddings began as sinusoids.
Muon for the matrices of the layers and AdamW (0.9, 0.95) for the rest, learning rate {rate:g} after a rise over {rising} steps,
falling to zero in a line over the last {falling:.0%}; weight decay {decay:g}, gradients clipped at {clip:g}, bfloat16 autocast with
float32 weights. {minutes:.0f} minutes of processor time, on {machine}.

```
{command}
```

## Held out

{figures}

## Limits

Small, and trained for minutes: it knows how English text looks, not what is true, and repeats what old books and an encyclopedia
say, slurs and errors included. It exists to watch attention; use it for nothing else.
"""
