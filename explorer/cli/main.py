"""The command line: a second face of the same functions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from explorer import export, i18n
from explorer.capture import capture
from explorer.cli import argparse_words, atlas, beyond, claims, lectures, positions, pruning, scores, softmax, syntax, training, weights
from explorer.cli.shared import device_arguments, model_argument, note
from explorer.i18n import _
from models import CATALOGUE, load
from models.atomic import whole
from models.errors import ExplorerError

_EXAMPLES = """
  python -m explorer models
  python -m explorer capture --model bert --text "The cat sat on the mat." --out cat.npz
  python -m explorer capture --model bert --text "Where did they play?" --pair "In the garden." --out pair.npz
  python -m explorer ablate --model bert --task classify --json heads.json
  python -m explorer prune --model bert --task classify --order gradient --json curve.json
  python -m explorer slice --model bert --heads 0.3,2.11 --out smaller
  python -m explorer train --task induction --set heads=4 --out induction
  python -m explorer positions --model bert --json positions.json
  python -m explorer scale --model bert --json scale.json
  python -m explorer heads --model bert --json heads.json
  python -m explorer atlas --model gpt2-mini --data texts.txt --out atlas
  python -m explorer syntax --model bert --json syntax.json
  python -m explorer weights --model gpt2-mini --head 0.5 --token " the"
  python -m explorer trace --model bert --text "The film was a wonderful surprise." --json tokens.json
  python -m explorer lens --model gpt2-mini --text "The history of the" --json lens.json
  python -m explorer logit --model gpt2-mini --text "The history of the" --json logit.json
  python -m explorer claims C2 C14 --json claims.json
  python -m explorer generate --model gpt2-mini --text "The history of the" --temperature 0.8
  python -m explorer capture --model t5-small --text "translate English to German: I am here." --out t5.npz
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status is 0, or 1 where an error was explained on stderr."""
    for stream in (sys.stdout, sys.stderr):
        # A path or a token may hold what the terminal cannot write.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with i18n.speaking(i18n.of_shell()):
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    given = _parser().parse_args(arguments)
    try:
        return given.run(given)
    except ExplorerError as error:
        print(_("error: {error}").format(error=i18n.explained(error)), file=sys.stderr)
    except OSError as error:
        print(_("error: {error}").format(error=f"{error.strerror or error}: {error.filename or ''}"), file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    argparse_words.speak()
    style = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(
        "python -m explorer", description=_("See the attention of transformers."), epilog=_("examples:") + _EXAMPLES, **style
    )
    commands = parser.add_subparsers(title=_("commands"), required=True, metavar="COMMAND")

    models = commands.add_parser("models", help=_("list the models offered by name"))
    models.set_defaults(run=_models)

    one = commands.add_parser(
        "capture",
        help=_("write every attention pattern of one text into an .npz file"),
        description=_("Runs one text through a model and writes all attention patterns."),
        epilog=_("""arrays in the file:
  tokens    readable tokens (n,); ids: as the tokenizer gives them by default
  pattern   float32 [layer, head, query, key], layers and heads from 0
encoder-decoders have, instead of pattern:
  encoder, decoder, cross                 float32 [layer, head, query, key]
  encoder_tokens, decoder_tokens (and _ids)   cross attends from decoder tokens to encoder tokens
"""),
        **style,
    )
    model_argument(one)
    one.add_argument("--text", required=True, metavar="T", help=_("the text; the source, for encoder-decoders"))
    one.add_argument("--pair", metavar="P", help=_("a second text, for encoders"))
    one.add_argument("--target", metavar="T2", help=_("what the decoder reads; generated greedily where absent (encoder-decoders)"))
    one.add_argument("--out", required=True, type=Path, metavar="F.npz", help=_("file to write"))
    device_arguments(one)
    one.add_argument("--max-tokens", type=int, metavar="N", help=_("cut the text here (default: the model's own limit)"))
    one.set_defaults(run=_capture)
    pruning.add(commands)
    training.add(commands)
    positions.add(commands)
    lectures.add(commands)
    claims.add(commands)
    softmax.add(commands)
    scores.add(commands)
    atlas.add(commands)
    syntax.add(commands)
    beyond.add(commands)
    weights.add(commands)
    return parser


def _models(given: argparse.Namespace) -> int:
    width = max(len(entry.name) for entry in CATALOGUE)
    for entry in CATALOGUE:
        place = "bundled" if entry.bundled else "hub"
        print(f"{entry.name:<{width}}  {place:<8}{entry.kind:<16}{entry.shape:<10}{entry.about}")
    print("\nAny other hub id (owner/model) and any local folder with safetensors opens as well.")
    return 0


def _capture(given: argparse.Namespace) -> int:
    with tqdm(total=100, leave=False, bar_format="{desc} {bar} {percentage:3.0f} %") as bar:

        def progress(what: str, share: float) -> None:
            bar.set_description_str(what)
            bar.n = round(100 * share)
            bar.refresh()

        model = load(given.model, given.device, given.dtype, progress)
    captured = capture(model, given.text, given.pair, given.target, max_tokens=given.max_tokens)
    note(*model.notes, *captured.notes)
    arrays = export.arrays(captured)
    with whole(given.out) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)
    shapes = ", ".join(f"{name} {'x'.join(map(str, array.shape))}" for name, array in arrays.items())
    print(f"{given.out}: {shapes}")
    return 0
