"""Commands beyond the weights: trace, lens, logit, generate."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from explorer import generate, own_rules
from explorer.cli.shared import bar, device_arguments, for_json, model_argument, note, opened, write_json
from explorer.flow import methods, targets
from explorer.i18n import _
from explorer.lens import contributions, layers


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the commands to the parser of `python -m explorer`."""
    trace = _command(commands, "trace", _("which input tokens a prediction rests on, by five methods and by leaving them out"), _trace)
    trace.add_argument("--target", choices=targets.KINDS, help=_("what is predicted (default: the first that the model can do)"))
    _place(trace, _("the masked token, or the token after which the next one is predicted; counted from 0"))
    lens = _command(commands, "lens", _("what each layer would predict at each token"), _lens)
    lens.add_argument("--masked", type=int, metavar="I", help=_("mask this token first, counted from 0"))
    lens.add_argument("--top", type=int, default=5, metavar="K", help=_("words to keep (default: %(default)s)"))
    logit = _command(commands, "logit", _("what each head and feed-forward layer adds to a logit"), _logit)
    _place(logit, _("the token at which the logit is read, counted from 0 (default: the last one)"))
    logit.add_argument("--id", type=int, metavar="N", help=_("vocabulary id (default: the likeliest)"))
    logit.add_argument("--against", type=int, metavar="N", help=_("subtract the logit of this id"))
    logit.add_argument("--masked", action="store_true", help=_("mask the token first"))
    made = _command(commands, "generate", _("go on with a text, token by token"), _generate, json=False)
    made.add_argument("--tokens", type=int, default=40, metavar="N", help=_("at most so many (default: %(default)s)"))
    made.add_argument("--greedy", action="store_true", help=_("always the likeliest"))
    made.add_argument("--temperature", type=float, default=1.0)
    made.add_argument("--top-k", type=int, default=0)
    made.add_argument("--top-p", type=float, default=1.0)
    made.add_argument("--seed", type=int, default=0)


def _command(commands: argparse._SubParsersAction, name: str, about: str, run: object, *, json: bool = True) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    model_argument(parser)
    parser.add_argument("--text", required=True, metavar="T")
    if json:
        parser.add_argument("--json", required=True, type=Path, metavar="OUT", help=_("file to write"))
    device_arguments(parser)
    parser.set_defaults(run=run)
    return parser


def _place(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--at", type=int, metavar="I", help=about)


def _trace(given: argparse.Namespace) -> int:
    model = opened(given)
    target = targets.make(model, given.text, given.target, at=given.at)
    with bar("tokens") as tell:
        found = methods.trace(model, target, tell)
    made = {
        "model": model.name,
        "target": {"kind": target.kind, "name": target.name, "probability": target.chance, "read_at": list(target.rows)},
        "tokens": list(target.labels),
        "without": for_json(found.effects),
        "methods": {name: for_json(values) for name, values in found.tokens.items()},
        "correlations": {name: for_json(value) for name, value in found.correlations.items()},
    }
    write_json(given.json, made, ensure_ascii=False)
    print(f"{target.kind} {target.name!r}, probability {target.chance:.3f}")
    for name, value in found.correlations.items():
        said = "none: too few tokens, or all alike" if math.isnan(value) else f"{value:+.2f}"
        print(f"{name:<12}rank correlation with leaving tokens out {said}")
    return 0


def _lens(given: argparse.Namespace) -> int:
    model = opened(given)
    with bar("layers") as tell:
        found = layers.lens(model, given.text, masked=given.masked, k=given.top, progress=tell)
    rows = [{"layer": i - 1, "words": words, "probabilities": for_json(found.chances[i])} for i, words in enumerate(found.words)]
    more = {name: for_json(getattr(found, name)) for name in ("chosen", "chance", "rank", "entropy", "divergence")}
    write_json(given.json, {"model": model.name, "tokens": list(found.labels), "layers": rows, **more}, ensure_ascii=False)
    print("; ".join(f"{'embedding' if row['layer'] < 0 else row['layer']}: {row['words'][-1][0]!r}" for row in rows))
    return 0


def _logit(given: argparse.Namespace) -> int:
    model = opened(given)
    found = contributions.contributions(model, given.text, given.at, given.id, against=given.against, masked=given.masked)
    made = {name: for_json(value) if isinstance(value, np.ndarray | float) else value for name, value in vars(found).items()}
    write_json(given.json, {"model": model.name, **made, "total": found.total, "deviation": found.deviation}, ensure_ascii=False)
    print(f"logit of {found.name!r}: {found.logit:.4f}, sum of the parts {found.total:.4f}")
    return 0


def _generate(given: argparse.Namespace) -> int:
    sampling = generate.Sampling(given.greedy, given.temperature, given.top_k, given.top_p, given.seed)
    model = opened(given)
    note(*own_rules.notes(model))
    for step in generate.generate(model, given.text, sampling, tokens=given.tokens):
        if not step.ends:
            print(step.token.text, end="", flush=True)
    print()
    return 0
