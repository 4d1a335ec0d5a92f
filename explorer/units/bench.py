"""What units work on: a model, and a task, texts or sentences, opened once in each process from what a unit says.

What a unit works on is its option "on", a dictionary of JSON:

    device, dtype, threads   what kind of device, which precision, how many threads of a processor
    task, method             of ablation: its name, and what takes the place of a removed output
    read                     of head scores: the kind of examples, "masked" or "next"
    part                     of head scores: of the model
    conllu, own, words       of syntax: a treebank, the language of our own one, bounds on the number of words
    corpus, atlas            of an atlas: its corpus by name, and how it is read
    data, limit, asked       a file or data set, how many of its examples, how it is read
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from explorer.ablation import greedy_passes, passes
from explorer.ablation.heads import Heads
from explorer.ablation.replacements import ReplacementsOf, replacements
from explorer.atlas import corpus as corpora
from explorer.atlas import plan as planning
from explorer.atlas.corpus import Corpus
from explorer.atlas.options import Options
from explorer.scores import baselines, measure, null, roles
from explorer.scores.measure import Reading
from explorer.syntax import relations, sentences
from explorer.syntax.sentences import Sentence
from explorer.tasks.base import Batch, Task
from explorer.tasks.choose import make, named
from explorer.tasks.data import Asked, Examples
from explorer.tasks.formats import Format
from explorer.units import versions
from explorer.units.unit import Unit, canonical
from models import Model, load
from models.errors import InputError
from models.surgery.resume import Runner
from models.words import told

_KEPT, _STATES = 2, 8
"""Benches that stay open in a process, and batches whose layers' outputs it keeps."""
DEVICE: list[str] = []
"""The device of this process, where it was given one of several."""


class Bench:
    """What one process has open of what units work on; parts of it are made when they are first asked for.

    Args:
        on: see above.
        model: from `models.load`.
        task, texts, sentences, corpus: where they are open already.

    Attributes:
        lock: one unit at a time works on it.
        folder: of the job whose unit that is.
    """

    def __init__(
        self,
        on: Mapping[str, object],
        model: Model,
        task: Task | None = None,
        texts: Sequence[str] | None = None,
        sentences: Sequence[Sentence] | None = None,
        corpus: Corpus | None = None,
    ) -> None:
        self.on, self.model = on, model
        self.folder = Path()
        self.lock = threading.RLock()
        # In the place of what would be made.
        there = {"task": task, "texts": texts, "sentences": sentences, "corpus": corpus}
        self.__dict__ |= {name: given for name, given in there.items() if given is not None}
        self._states: OrderedDict[tuple[Heads, tuple[int, ...]], passes.Kept] = OrderedDict()
        self._readings: dict[str, Reading] = {}

    @cached_property
    def task(self) -> Task:
        """Raises InputError."""
        kind = str(self.on["task"])
        return make(kind, self.model, _examples(self.on, kind, self.model))

    @cached_property
    def texts(self) -> Sequence[str]:
        """Raises InputError."""
        return [example.text for example in _examples(self.on, str(self.on["read"]), None).examples]

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        """Raises InputError."""
        return chosen_sentences(self.on)

    @cached_property
    def corpus(self) -> Corpus:
        """Raises InputError."""
        name = self.on["corpus"]
        return corpora.named(None if name is None else str(name), _asked(self.on), self.on["limit"])

    @cached_property
    def atlas(self) -> Options:
        """How the corpus is read."""
        return Options(**self.on["atlas"])

    @cached_property
    def atlas_plan(self) -> planning.Plan:
        """The batches of the corpus."""
        return planning.made(self.model, self.corpus, self.atlas)

    @cached_property
    def relation_names(self) -> tuple[str, ...]:
        """Of the sentences."""
        return relations.relation_names(self.sentences)

    @cached_property
    def data(self) -> str:
        """sha256 of what the model reads."""
        return digest_of(self)

    @cached_property
    def runner(self) -> Runner:
        """A private copy of the network, for `Task.running`."""
        return Runner(self.model)

    @cached_property
    def replacement_of(self) -> ReplacementsOf:
        """What takes the place of a removed output; some methods run all examples for it, once."""
        return replacements(self.task, str(self.on["method"]), runner=self.runner)

    @cached_property
    def random(self) -> Model | None:
        """The same network with random weights."""
        return null.drawn(self.model)

    def reader(self, what: str) -> tuple[Model, Sequence]:
        """Who reads the texts of `what`, and these: as they are, shuffled, or by the network with random weights."""
        texts = null.shuffled_tokens(self.model, self.texts) if what == roles.SHUFFLED else self.texts
        return self.model_of(what), texts

    def model_of(self, what: str) -> Model:
        """Who reads them. Raises InputError where there is no network with random weights."""
        model = self.random if what in (roles.RANDOM, baselines.RANDOM) else self.model
        if model is None:
            raise InputError(told("The config of {name} makes no network with random weights.", name=self.model.name))
        return model

    def reading(self, what: str) -> Reading:
        """The same texts as they are read, in batches."""
        if what not in self._readings:
            self._readings[what] = measure.read(*self.reader(what))
        return self._readings[what]

    def batch(self, members: Sequence[int]) -> Batch:
        """Examples of one length, by their numbers, as one batch."""
        return self.task.batch(members)

    def state(self, gone: Heads, batch: Batch) -> passes.Kept:
        """A batch without some heads, as a step of the greedy order ran it; run again where another process did that."""
        key = (gone, batch.index)
        if key not in self._states:
            state, _none = greedy_passes.sloped(self.task, self.runner, batch, gone, self.replacement_of(batch), slopes=False)
            self.keep(state)
        self._states.move_to_end(key)
        return self._states[key]

    def keep(self, state: passes.Kept) -> None:
        """Keeps a batch for the next unit on it; the oldest go."""
        self._states[state.gone, state.batch.index] = state
        while len(self._states) > _STATES:
            self._states.popitem(last=False)


_open: OrderedDict[str, Bench] = OrderedDict()
_lock = threading.RLock()


def give(unit_model: str, bench: Bench) -> None:
    """Lets units of this process work on what is open already."""
    with _lock:
        _open[_key(unit_model, bench.on)] = bench
        while len(_open) > _KEPT:
            _open.popitem(last=False)


def of(unit: Unit) -> Bench:
    """What a unit works on.

    Raises:
        ExplorerError: it cannot be opened here.
    """
    on = unit.options["on"]
    key = _key(unit.model, on)
    with _lock:
        if key not in _open:
            device = DEVICE[0] if DEVICE and DEVICE[0].split(":")[0] == on["device"] else on["device"]
            give(unit.model, Bench(on, load(unit.model, device, on["dtype"])))
        _open.move_to_end(key)
        return _open[key]


def digest_of(bench: Bench) -> str:
    """sha256 of what a bench's model reads."""
    if "corpus" in bench.on:
        return bench.corpus.digest
    if "task" in bench.on:
        read = [[item.inputs, item.target] for item in bench.task.items]
    elif "read" in bench.on:
        read = list(bench.texts)
    else:
        read = [[list(one.words), list(one.heads), list(one.relations)] for one in bench.sentences]
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()


def chosen_sentences(on: Mapping[str, object]) -> list[Sentence]:
    """The sentences of a treebank, or of our own, with so many words. Raises InputError."""
    low, dots, high = str(on["words"]).partition("..")
    if not dots or not low.isdigit() or not high.isdigit():
        raise InputError(told("--words wants two numbers such as 5..40, not {words}.", words=on["words"]))
    known = sentences.own(str(on["own"])) if on["conllu"] is None else sentences.read(Path(str(on["conllu"])))
    return [sentence for sentence in known if int(low) <= len(sentence) <= int(high)][: on["limit"]]


def _examples(on: Mapping[str, object], kind: str, model: Model | None) -> Examples:
    return named(on["data"], kind, model, _asked(on)).first(on["limit"])


def _asked(on: Mapping[str, object]) -> Asked:
    asked = dict(on["asked"])
    classes = tuple((label, of) for label, of in asked.pop("classes"))
    return Asked(**asked | {"format": Format(**asked["format"]), "classes": classes})


def _key(model: str, on: Mapping[str, object]) -> str:
    return canonical([model, on, versions.code()])
