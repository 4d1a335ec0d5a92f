"""Q9b: what the heads of a real model do, and where most of their attention goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from explorer.bounded import BoundedCache, memory_of
from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.languages import language_of, written
from explorer.lectures.words import Words
from explorer.scores import null, roles
from explorer.scores import published as heads
from explorer.scores.measure import HeadScores, on_texts
from explorer.scores.repeated import on_repeated
from explorer.syntax import published, sentences
from explorer.syntax.relations import Syntax, best_heads
from models import Model, load
from models.errors import ExplorerError

BUNDLED = ("all-MiniLM-L6-v2", "bert-mini", "gpt2-mini")
TEXTS = 12
"""Sentences of the project's treebank that are read in front of the class."""
SHARES = ("separator", "first", "neighbours", "itself", "rest")
ROLES = {role.name: role.scores for role in roles.ROLES} | {"same": ("same",), roles.SYNTACTIC: ()}
SHOWN = ("sink", "positional", "same", "broad", "rare", "induction", "duplicate", roles.SYNTACTIC)
REPEATED = ("repeated_previous", "repeated_duplicate", "repeated_induction")
"""Measured on random tokens that are repeated once, as others did."""
_OF_TREES: BoundedCache[dict[str, list]] = BoundedCache(2**20, memory_of)
"""By number of a model that is not bundled: reading all trees takes a few seconds."""
MIDDLE = (5 / 12, 10 / 12)
"""The layers that Clark et al. 2019 name, 6 to 10 of 12 as they count, as a share of the depth."""


def compute(models: Models, role: str = "sink", model: str = "all-MiniLM-L6-v2") -> Result:
    """Where attention goes, layer by layer, and how much every head does of one role.

    Args:
        models: opens models.
        role: one of `SHOWN`.
        model: an encoder or a decoder; one that is not bundled is held against the trees now, and not against random weights.

    Raises:
        InputError: an encoder-decoder, or a tokenizer that does not say where its pieces come from.
    """
    opened = models(model)
    language = language_of(opened.name)
    captures = [capture(opened, text) for text in texts(TEXTS, language)]
    layers = shares(captures, opened)
    low, high = middle(len(layers) - 1)
    mean = layers[low:high].mean(axis=0)
    scores = on_texts(opened, captures)
    kept = shipped.read("q09b_roles").data.get(opened.name)
    if kept is None:
        parsing = _OF_TREES.get_or_compute(opened.number, lambda: of_trees(best_heads(opened, sentences.own(language))))
        scores = scores.with_(on_repeated(opened))
        held = [(one.layer, one.head, one.role) for one in roles.Known(scores, None, None).roles(parsing["syntactic"])]
    else:
        parsing = kept
        scores = scores.with_({name: np.array(values, float) for name, values in kept["repeated"].items()})
        held = [tuple(one) for one in kept["held"]]
    relative = np.nanmean(scores.values["relative_entropy"], axis=1)
    third = max(1, len(relative) // 3)
    measures = [
        *(Measure(name, float(value), format=".1%") for name, value in zip(SHARES, mean, strict=True)),
        Measure("equal_nowhere", float(layers[-1, :2].sum()), format=".1%"),
        Measure("total", float(np.abs(layers.sum(axis=1) - 1).max()), 0.0, tolerance=1e-5, format=".1e"),
        Measure("shallow", float(relative[:third].mean())),
        Measure("deep", float(relative[-third:].mean())),
    ]
    if kept is not None:
        measures.append(Measure("random", kept["random"], format=".1%"))
    if role == roles.SYNTACTIC:
        values = np.array(parsing["gain"], float)
    else:
        values = np.nanmax(np.stack([scores.values[name] for name in ROLES[role]]), axis=0)
    counts = {name: len({one[:2] for one in held if one[2] == name}) for name in SHOWN if name != "same"}
    data = {
        "layers": layers,
        "middle": (low, high),
        "values": values,
        "held": [one[:2] for one in held if one[2] == role],
        "role": role,
        "counts": counts,
        "relations": parsing["relations"],
        "repeated": repeated(scores),
    }
    said = {
        "nowhere": f"{mean[:2].sum():.1%}",
        "n_syntactic": str(counts[roles.SYNTACTIC]),
        "model": opened.name,
        "layers": f"{low}-{high - 1}",
        "heads": str(int((~np.isnan(scores.values["confidence"])).sum())),
    }
    return Result(tuple(measures), data, said, opens=model)


def repeated(scores: HeadScores) -> list[tuple[str, str, float, str, float]]:
    """Score, the head that has most of it here and how much, the head that has most of it in GPT-2 small as published and how much."""
    found = []
    for name in REPEATED:
        if (values := scores.values.get(name)) is None or np.isnan(values).all():
            continue
        layer, head = np.unravel_index(np.nanargmax(values), values.shape)
        best = max((one for one in heads.FIGURES[heads.GPT2] if one.score == name), key=lambda one: one.value)
        found.append((name, f"{layer}.{head}", float(values[layer, head]), f"{best.layer}.{best.head}", best.value))
    return found


def texts(n: int, language: str = "en") -> list[str]:
    """Sentences of the project's treebank, one after the other, not those of one kind."""
    everything = sentences.own(language)
    return [written(one, language) for one in everything[:: max(1, len(everything) // n)][:n]]


def middle(layers: int) -> tuple[int, int]:
    """The first of the middle layers, and the one after the last."""
    low = round(layers * MIDDLE[0])
    return low, max(low + 1, round(layers * MIDDLE[1]))


def shares(captures: Sequence[Capture], model: Model) -> np.ndarray:
    """Where the attention of each layer goes, mean over heads, queries and texts, (layers + 1, `SHARES`); each key is counted once.

    The last row is that of equal weights: where attention would go that prefers nothing.

    The separator is the tokenizer's own, which a decoder does not read; the first token is [CLS] where the tokenizer puts it there.
    """
    found = []
    for captured in captures:
        ids = np.array(captured.source.ids)
        n, separator = len(ids), model.tokenizer.sep_token_id
        kinds = np.full((n, n), SHARES.index("rest"))
        kinds[np.abs(np.subtract.outer(np.arange(n), np.arange(n))) == 1] = SHARES.index("neighbours")
        np.fill_diagonal(kinds, SHARES.index("itself"))
        kinds[:, 0] = SHARES.index("first")
        if model.kind == "encoder" and separator is not None:
            kinds[:, ids == separator] = SHARES.index("separator")
        mass = np.stack([captured.mean(site.layer) for site in captured.sites()])
        seen = captured.visible(0)
        equal = seen / seen.sum(axis=-1, keepdims=True)
        both = np.concatenate([mass, equal[None]])
        found.append(np.stack([(both * (kinds == kind)).sum(axis=-1) for kind in range(len(SHARES))], axis=-1))  # (layers + 1, query, kinds)
    return np.concatenate(found, axis=1).mean(axis=1)


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Roles of the bundled models, held against random weights and shuffled tokens; and their heads against dependency trees."""
    found, trees, read = {}, sentences.own("en"), texts(TEXTS)
    for i, name in enumerate(BUNDLED):

        def tell(share: float, at: int = i) -> None:
            report((at + share) / len(BUNDLED))

        model = load(name, "cpu")
        known = roles.known(model, read, progress=lambda share: tell(0.5 * share))
        syntax = best_heads(model, trees, progress=lambda share: tell(0.5 + 0.45 * share))
        held = [(one.layer, one.head, one.role) for one in known.roles(syntax.syntactic())]
        parsing = of_trees(syntax)
        repeated = {key: np.round(values, 4).tolist() for key, values in known.scores.values.items() if key.startswith("repeated_")}
        try:
            drawn = null.random_weights(model)
            layers = shares([capture(drawn, text) for text in read], drawn)
            random = float(layers[slice(*middle(len(layers) - 1)), :2].sum(axis=1).mean())
        except (ValueError, ExplorerError):
            random = float("nan")
        found[name] = {"held": held, "repeated": repeated, "gain": parsing["gain"], "relations": parsing["relations"], "random": round(random, 5)}
    return found


def of_trees(syntax: Syntax) -> dict[str, list]:
    """By how much each head beats the best fixed offset on the relation that it is best at, (layers, heads); the best head of each relation:
    layer, head, its accuracy and that of the offset; and the heads that are syntactic."""
    table = syntax.table(least=10)
    bests = {one.relation: one for one in table.itertuples() if one.relation not in ("root", "punct")}
    gain = np.max([syntax.accuracies(name).max(axis=0) - best.baseline for name, best in bests.items()], axis=0)
    relations = [[name, best.layer, best.head, round(best.accuracy, 4), round(best.baseline, 4)] for name, best in bests.items()]
    return {"gain": np.round(gain, 4).tolist(), "relations": relations, "syntactic": syntax.syntactic()}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    n = len(data["layers"])
    low, high = data["middle"]
    kinds = [words.label(f"share.{name}") for name in SHARES]
    names = [f"{i}*" if low <= i < high else str(i) for i in range(n - 1)] + [words.label("equal")]
    layers, heads = ([str(i) for i in range(k)] for k in data["values"].shape)
    return [
        bars(
            [names[i] for i in range(n) for _kind in kinds],
            [float(value) for row in data["layers"] for value in row],
            words.label("where"),
            words.label("share"),
            of=[kind for _i in range(n) for kind in kinds],
            series=kinds,
            stacked=True,
            ends=(0, 1),
            format=".0%",
            size=SIZES[2],
            dark=dark,
        ),
        grid(
            np.nan_to_num(data["values"]),
            layers,
            heads,
            words.label("heads").format(role=words.label(f"role.{data['role']}")),
            x=words.label("head"),
            y=words.label("layer"),
            visible=~np.isnan(data["values"]),
            signed=data["role"] == roles.SYNTACTIC,
            top=1.0,
            marked=data["held"],
            format=".1f",
            opens=True,
            size=SIZES[2],
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """How many heads have each role; the best heads for relations beside BERT-base's; and on repeated tokens beside GPT-2's, as published."""
    data = result.data
    known = {one.ud: one.accuracy / 100 for one in published.HEADS}
    relations = [row for row in data["relations"] or () if row[0] in known][:6]
    size = SIZES[1 + bool(relations) + bool(data["repeated"])]
    # Above 1 there is room for the numbers.
    shared = {"ends": (0, 1.1), "size": size, "dark": dark}
    counts = data["counts"]
    made = [
        bars(
            [words.label(f"short.{name}") for name in counts],
            list(counts.values()),
            words.label("counted").format(heads=result.said["heads"]),
            words.label("n_heads"),
            format=".0f",
            across=True,
            size=size,
            dark=dark,
        )
    ]
    if relations:
        kinds = [words.label(f"relation.{name}") for name in ("head", "offset", "published")]
        named = [row[0] for row in relations for _kind in kinds]
        values = [value for row in relations for value in (row[3], row[4], known[row[0]])]
        of = kinds * len(relations)
        made.append(bars(named, values, words.label("relations"), words.label("accuracy"), of=of, series=kinds, format=".0%", **shared))
    if rows := data["repeated"]:
        kinds = [words.label(f"repeated.{name}") for name in ("here", "published")]
        named = [words.label(f"short.{row[0]}").format(here=row[1], there=row[3]) for row in rows for _kind in kinds]
        values = [value for row in rows for value in (row[2], row[4])]
        of = kinds * len(rows)
        made.append(bars(named, values, words.label("repeated"), words.label("share"), of=of, series=kinds, format=".2f", **shared))
    return made


def right(result: Result) -> str:
    """Whichever takes the largest share in the middle layers; separator and first token are one: no word's meaning is looked for there."""
    found = {"A": result["rest"], "B": result["neighbours"], "C": result["separator"] + result["first"], "D": result["itself"]}
    return max(found, key=found.get)


DEMO = Demo(
    id="Q9b",
    module="q09b_roles",
    chapter=2,
    compute=compute,
    pictures=pictures,
    more=more,
    right=right,
    door=Door("heads", {"heads": "roles", "scored_on": "own"}, {"model": "model"}),
    controls=(
        Control("role", SHOWN, "sink", main=True),
        Control("model", BUNDLED, "all-MiniLM-L6-v2", model=True),
    ),
    make=make,
    source="Clark et al. 2019; Voita et al. 2019; Olsson et al. 2022",
)
