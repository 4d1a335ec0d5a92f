"""QF6: do heads of shallow and of deep layers look equally far?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from explorer import reading
from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, lines, points
from explorer.compare import divergence
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.languages import BETWEEN, language_of, written
from explorer.lectures.words import Words
from explorer.scores import families, measure, null
from explorer.syntax import sentences
from explorer.syntax.words import pieces
from models import Model, load

MODELS = ("all-MiniLM-L6-v2", "bert-mini", "gpt2-mini", "zh-mini")
TEXTS, SENTENCES = 4, 6
"""Texts, and sentences of each: single sentences are so short that all heads look about equally far in them."""
READ = ("word", "previous", "relation")
LEAST = {"word": 6, "previous": 6, "relation": 10}
"""A class of a read-out occurs so often."""
_ALIKE = 1.05
_FOLDS = 5


def texts_of(model: str) -> list[str]:
    """Texts of the project's own sentences, in the language that a model reads."""
    language = language_of(model)
    own = [written(one, language) for one in sentences.own(language)[: TEXTS * SENTENCES]]
    return [BETWEEN[language].join(own[i : i + SENTENCES]) for i in range(0, len(own), SENTENCES)]


def compute(models: Models, model: str = MODELS[0], tokens: str = "all") -> Result:
    """Measures how far and how broadly each head of each layer looks, and how far apart the heads are.

    Args:
        models: opens models.
        model: whose heads.
        tokens: "all", or "words": tokens that only frame a text are left out, and what goes to the others is scaled to 1.
    """
    opened = models(model)
    captures = [capture(opened, text) for text in texts_of(model)]
    scores = measure.on_captures(captures)
    distance = scores.values["distance"] if tokens == "all" else distance_of_words(captures)
    entropy, sink = scores.values["relative_entropy"], np.fmax(scores.values["first"], scores.values["special"])
    by_layer = np.nanmean(distance, axis=1)
    map_, places, stress = _map(captures[0])
    layer = np.array([at for at, _head in map_.heads])
    apart = map_.distance
    between = np.array([[apart[np.ix_(layer == a, layer == b)].sum() / _pairs(layer, a, b) for b in range(len(by_layer))] for a in set(layer)])
    measures = [
        Measure("shallow", by_layer[0], format=".1f"),
        Measure("deep", by_layer[-1], format=".1f"),
        Measure("within", np.nanmean(np.nanstd(distance, axis=1)), format=".2f"),
        Measure("entropy", np.nanmean(entropy), format=".2f"),
        Measure("sink", np.nanmean(sink), format=".2f"),
        Measure("apart", apart.max(), float(np.sqrt(divergence.MOST)), "at most", format=".3f"),
        Measure("deviation", map_deviation(captures[0], map_), 0, tolerance=1e-5, format=".1e"),
    ]
    data = {"distance": distance, "entropy": np.nanmean(entropy, axis=1), "sink": np.nanmean(sink, axis=1)}
    data |= {"heads": map_.heads, "places": places, "between": between}
    kept = shipped.read("qf6_layers").data.get(opened.name)
    if kept is not None:
        random = np.array(kept["random"][tokens])
        measures.append(Measure("random", float(np.ptp(random) / random.mean()), 0.05, "below", format=".3f"))
        data |= {"random": random, "read": kept["read"], "chance": kept["chance"]}
    said = {"model": opened.name, "layers": str(len(by_layer)), "stress": f"{stress:.2f}", "between": f"{by_layer.std():.2f}"}
    said["uniform"] = f"{uniform_distance(captures, tokens):.1f}"
    return Result(tuple(measures), data, said)


def _pairs(layer: np.ndarray, one: int, other: int) -> int:
    """How many pairs of two different heads two layers have; at least 1, so that a layer of a single head has 0 within."""
    n, m = int((layer == one).sum()), int((layer == other).sum())
    return max(1, n * (n - 1) if one == other else n * m)


def _map(captured: Capture) -> tuple[families.Families, np.ndarray, float]:
    found = families.of_capture(captured)
    return found, *_layout(found.divergence.tobytes(), found.heads, found.rows)


@lru_cache(maxsize=16)
def _layout(divergences: bytes, heads: tuple[tuple[int, int], ...], rows: int) -> tuple[np.ndarray, float]:
    # The slowest part, and the same for all settings of one model.
    return families.Families(heads, np.frombuffer(divergences).reshape(len(heads), -1), rows).layout()


def distance_of_words(captures: Sequence[Capture]) -> np.ndarray:
    """Mean distance of each head, (layers, heads), where only tokens that frame no text attend and are attended to."""
    found, rows = 0.0, 0
    for captured in captures:
        free = np.array(captured.source.free)
        far = np.abs(free[:, None] - free)
        layers = []
        for site in captured.sites():
            weights = captured.patterns(site.layer)[:, free][:, :, free].astype(float)
            layers.append((weights * far).sum(-1) / np.maximum(weights.sum(-1), 1e-30))
        found, rows = found + np.stack(layers).sum(-1), rows + len(free)
    return found / rows


def uniform_distance(captures: Sequence[Capture], tokens: str = "all") -> float:
    """What `distance` is where each query spreads its attention evenly over all that it sees."""
    each = []
    for captured in captures:
        free = np.array(captured.source.free) if tokens == "words" else np.arange(len(captured.source))
        seen = captured.visible(0)[np.ix_(free, free)]
        each.append((seen * np.abs(free[:, None] - free)).sum(1) / seen.sum(1))
    return float(np.concatenate(each).mean())


def map_deviation(captured: Capture, found: families.Families) -> float:
    """Largest difference between the divergences of the first head from all others and those of the rows, one pair of heads at a time."""
    seen = captured.visible(0).sum(-1) > 1
    patterns = [captured.pattern(layer, head)[seen] for layer, head in found.heads]
    again = np.array([divergence.rows(patterns[0], other).mean() for other in patterns])
    return float(np.abs(again - found.divergence[0]).max())


def right(result: Result) -> str:
    """What was measured: the first and the last two layers, and whether the largest lies between them."""
    means = np.nanmean(result.data["distance"], axis=1)
    start, end = means[:2].mean(), means[-2:].mean()
    if means[1:-1].max(initial=0) > _ALIKE**2 * max(means[0], means[-1]):
        return "D"
    return "C" if end > _ALIKE * start else "B" if start > _ALIKE * end else "A"


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """For each bundled model: the same distances with random weights, and what a linear read-out finds after each layer."""
    made = {}
    for i, name in enumerate(MODELS):
        opened = load(name, "cpu")
        drawn = null.random_weights(opened)
        captures = [capture(drawn, text) for text in texts_of(name)]
        random = {"all": measure.on_captures(captures).values["distance"].mean(1), "words": distance_of_words(captures).mean(1)}
        read, chance = read_out(opened, lambda share, i=i: report((i + share) / len(MODELS)))
        made[name] = {"random": {k: np.round(v, 4).tolist() for k, v in random.items()}, "read": read, "chance": chance}
    return made


def read_out(model: Model, report: Callable[[float], None]) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Share of words of which a linear classifier tells the word itself, the word before, and its relation to its head.

    It reads the state of a word (the mean over its pieces) after each layer and is tested on sentences that it was not fitted to.

    Returns:
        By what is read, a share for each layer, that of the embeddings first; and the share of the most frequent class.
    """
    states, wanted, groups = [], {name: [] for name in READ}, []
    for number, sentence in enumerate(sentences.own(language_of(model.name))):
        ids, belongs = pieces(model, sentence.words)
        with model.lock, torch.inference_mode():
            given = reading.tokens_of(model, ids).inputs()
            layers = model.network.base_model(**given, output_hidden_states=True).hidden_states
        mean = torch.from_numpy(belongs / belongs.sum(1, keepdims=True)).float()
        states.append(np.stack([(mean @ layer[0]).numpy() for layer in layers]))
        words = [word.lower() for word in sentence.words]
        wanted["word"] += words
        wanted["previous"] += ["", *words[:-1]]
        wanted["relation"] += [relation.split(":")[0] for relation in sentence.relations]
        groups += [number] * len(words)
    every, groups = np.concatenate(states, axis=1), np.array(groups)
    found: dict[str, list[float]] = {}
    chance: dict[str, float] = {}
    for at, name in enumerate(READ):
        counted = Counter(wanted[name])
        kept = np.array([bool(word) and counted[word] >= LEAST[name] for word in wanted[name]])
        classes = np.array(wanted[name])[kept]
        chance[name] = round(max(Counter(classes.tolist()).values()) / len(classes), 4)
        found[name] = []
        for layer, states_ in enumerate(every):
            # A state has hundreds of numbers and there are hundreds of words: without a strong pull to 0 it would learn them by heart.
            reader = make_pipeline(StandardScaler(), RidgeClassifier(alpha=100.0))
            told = cross_val_predict(reader, states_[kept], classes, groups=groups[kept], cv=GroupKFold(_FOLDS))
            found[name].append(round(float((told == classes).mean()), 4))
            report((at + (layer + 1) / len(every)) / len(READ))
    return found, chance


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    distance, size = result.data["distance"], SIZES[3]
    curves = {"mean": np.nanmean(distance, 1), "least": np.nanmin(distance, 1)}
    if "random" in result.data:
        curves["untrained"] = result.data["random"]
    layers = len(distance)
    far = _table(curves, words)
    names = [words.label(name) for name in ("mean", "least", "untrained")]
    shares = _table({"broad": result.data["entropy"], "sunk": result.data["sink"]}, words)
    where = pd.DataFrame(result.data["places"], columns=["x", "y"]).assign(name="", series=[_layer(words, at) for at, _h in result.data["heads"]])
    edge = 1.1 * float(np.abs(result.data["places"]).max())
    ticks, across = list(range(layers)), words.label("layer")
    return [
        lines(far, words.label("far"), across, words.label("tokens_away"), series=names, ticks=ticks, size=size, dark=dark),
        lines(
            shares,
            words.label("shares"),
            across,
            words.label("share"),
            series=[words.label("broad"), words.label("sunk")],
            ticks=ticks,
            ends=(0, 1),
            size=size,
            dark=dark,
        ),
        points(
            where,
            words.label("map"),
            words.label("distance_js"),
            "",
            series=[_layer(words, at) for at in range(layers)],
            ends=((-edge, edge), (-edge, edge)),
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    between = result.data["between"]
    names = [str(layer) for layer in range(len(between))]
    drawn = [
        grid(
            between,
            names,
            names,
            words.label("layers_apart"),
            x=words.label("layer"),
            y=words.label("layer"),
            size=SIZES[2],
            dark=dark,
        )
    ]
    if "read" in result.data:
        read = result.data["read"]
        series = [words.label(name) for name in READ]
        ticks = list(range(len(read[READ[0]])))
        drawn.append(
            lines(
                _table(read, words),
                words.label("read_out"),
                words.label("after"),
                words.label("right_share"),
                series=series,
                ticks=ticks,
                ends=(0, 1),
                # Thin: who always names the most frequent class.
                levels={words.label(name): share for name, share in result.data["chance"].items()},
                size=SIZES[2],
                dark=dark,
            )
        )
    return drawn


def _layer(words: Words, layer: int) -> str:
    return words.label("layer_n").format(n=layer)


def _table(curves: Mapping[str, Sequence[float]], words: Words) -> pd.DataFrame:
    return pd.DataFrame([(i, float(y), words.label(name)) for name, ys in curves.items() for i, y in enumerate(ys)], columns=["x", "y", "series"])


DEMO = Demo(
    id="QF6",
    module="qf6_layers",
    chapter=2,
    compute=compute,
    pictures=pictures,
    right=right,
    door=Door("heads", {"heads": "layers", "scored_on": "own"}, {"model": "model"}),
    controls=(
        Control("model", MODELS, MODELS[0], main=True, model=True),
        Control("tokens", ("all", "words"), "all"),
    ),
    make=make,
    more=more,
    source=N_("Clark et al. 2019, sections 3 and 6; Vig & Belinkov 2019, section 4.3; Alain & Bengio 2016"),
)
