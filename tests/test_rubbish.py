"""Whatever is typed, given or linked to: an answer or a message, never a traceback, and nothing is changed by it."""

import contextlib
import json
import shutil
import sys

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from explorer.capture import capture
from explorer.cli.main import main
from explorer.syntax import sentences
from explorer.talk import file as lectures
from explorer.tasks import data, tables
from models import load
from models.errors import ExplorerError
from tests import ROOT, rubbish, tiny
from tests.pages.shared import opened, opened_at

PAGES = sorted(file.stem for file in (ROOT / "pages").glob("*.py"))
SHARED = ("model", "text", "pair", "layer", "head", "part", "lang", "theme", "stage", "device", "dtype", "talk", "view", "limit")


def fingerprint(network: torch.nn.Module) -> float:
    return float(sum(value.double().abs().sum() for value in network.state_dict().values()))


def test_texts(tiny, record_property, part):
    models = [tiny(name) for name in ("bert", "gpt2", "t5")]
    before = [fingerprint(model.network) for model in models]

    def read(text, second, which):
        model = models[which]
        with contextlib.suppress(ExplorerError):
            found = capture(model, text, second if model.network.config.is_encoder_decoder or which == 0 else None, max_tokens=40)
            weights = found.pattern(0, 1)
            assert np.isfinite(weights).all() and np.allclose(weights.sum(-1), 1, atol=1e-4)

    record_property("tried", rubbish.tried(0.26, rubbish.TEXTS, st.one_of(st.none(), rubbish.TEXTS), st.integers(0, 2), part=part)(read))
    assert [fingerprint(model.network) for model in models] == before


def test_files_of_examples(record_property, part):
    def read(content, name, answers):
        with contextlib.suppress(ExplorerError):
            found = tables.table(content, name)
            assert all(len(row) == len(found.names) for row in found.rows)
        with contextlib.suppress(ExplorerError):
            examples = data.read(content, name, answers=answers)
            assert all(isinstance(example.text, str) for example in examples.examples)

    names = st.sampled_from(("a.csv", "a.tsv", "a.txt", "a.jsonl", "a.json", "a", "a.conll", "a.csv.gz", "a.zip"))
    contents = st.one_of(rubbish.TABLES, rubbish.JSON.map(lambda found: json.dumps(found).encode("utf-8", "surrogatepass")))
    record_property("tried", rubbish.tried(0.26, contents, names, st.sampled_from(("class", "many", "words", "number")), part=part)(read))


def test_treebanks(record_property, part):
    line = st.builds(
        "\t".join, st.lists(st.sampled_from(("1", "2", "1-2", "1.1", "_", "root", "nsubj", "0", "-1", "the", "9" * 50, "\u0301")), max_size=12)
    )
    lines = st.lists(st.one_of(line, st.sampled_from(("", "# text = x", "\x00"))), max_size=12).map("\n".join)

    def read(text):
        with contextlib.suppress(ExplorerError):
            for one in sentences.read(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text):
                assert len(one.words) == len(one.heads)

    record_property("tried", rubbish.tried(0.14, st.one_of(lines, rubbish.BYTES), part=part)(read))


def test_lectures(record_property, part):
    whole = rubbish.JSON.map(lambda found: {lectures.KEY: lectures.VERSION, "title": "x", "steps": found if isinstance(found, list) else [found]})

    def read(found):
        with contextlib.suppress(ExplorerError):
            lectures.saved(lectures.opened(found if isinstance(found, bytes) else json.dumps(found).encode()))

    record_property("tried", rubbish.tried(0.14, st.one_of(whole, rubbish.BYTES), part=part)(read))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.save("bert", tmp_path_factory.mktemp("whole"))


def test_models(tmp_path, folder, record_property, part):
    weights, config = (folder / "model.safetensors").read_bytes(), json.loads((folder / "config.json").read_text())
    length = int.from_bytes(weights[:8], "little")
    said = json.loads(weights[8 : 8 + length])
    some = next(name for name in said if name != "__metadata__")
    lies = st.sampled_from(
        (
            {"dtype": "F32", "shape": [2**20, 2**20], "data_offsets": [0, 2**42]},
            {"dtype": "F32", "shape": [250_000_000], "data_offsets": [0, 10**9]},
            {"dtype": "F32", "shape": [-1], "data_offsets": [8, 0]},
            {"dtype": "X", "shape": [], "data_offsets": [0, 0]},
            {},
        )
    )
    flipped = st.tuples(st.integers(8, 8 + length), st.integers(32, 126)).map(lambda at: weights[: at[0]] + bytes([at[1]]) + weights[at[0] + 1 :])
    broken = st.one_of(
        st.integers(0, len(weights) - 1).map(lambda end: weights[:end]),
        lies.map(lambda lie: rubbish.header({**said, some: lie}) + weights[8 + length :]),
        st.sampled_from((2**63, 2**40, 0, 7)).map(lambda long: rubbish.header(said, long) + weights[8 + length :]),
        rubbish.BYTES,
    )
    changed = st.dictionaries(st.sampled_from(sorted(config)), rubbish.JSON, min_size=1, max_size=2)
    place, number = tmp_path / "model", iter(range(10**6))

    def read(file, content):
        mine = place / str(next(number))
        shutil.copytree(folder, mine)
        (mine / file).write_bytes(content if isinstance(content, bytes) else json.dumps({**config, **content}).encode())
        with contextlib.suppress(ExplorerError):
            load(mine, device="cpu")
        shutil.rmtree(mine)

    given = st.one_of(
        st.tuples(st.just("model.safetensors"), flipped),
        st.tuples(st.just("model.safetensors"), broken),
        st.tuples(st.just("config.json"), changed),
        st.tuples(st.just("config.json"), rubbish.BYTES),
        st.tuples(st.just("tokenizer.json"), rubbish.BYTES),
    )
    load(folder, device="cpu")
    record_property("tried", rubbish.tried(0.08, given, part=part)(lambda one: read(*one)))


def test_commands(tmp_path, folder, record_property, monkeypatch, part):
    monkeypatch.chdir(tmp_path)
    numbers = st.one_of(st.sampled_from(rubbish.WORDS), st.integers(-5, 5).map(str))
    words = st.one_of(st.sampled_from(rubbish.WORDS), st.text(max_size=40))
    kinds = {
        "capture": {"--text": words, "--pair": words, "--out": st.just("found.npz")},
        "lens": {"--text": words, "--target": words},
        "logit": {"--text": words, "--target": words},
        "heads": {"--text": words},
        "trace": {"--text": words, "--method": words},
        "prune": {"--heads": words, "--limit": numbers, "--task": words},
        "lectures": {"run": words, "--set": words},
        words: {},
    }
    model = str(folder)

    def run(command, drawn):
        said = [*([command] if command != "lectures" else [command, "run", drawn.draw(words)])]
        if command != "lectures":
            said += ["--model", model]
        for name, values in kinds.get(command, {}).items():
            if name.startswith("--") and drawn.draw(st.booleans()):
                said += [name, drawn.draw(values)]
        with contextlib.suppress(SystemExit):
            assert main(said) in (0, 1)

    names = st.sampled_from([name for name in kinds if isinstance(name, str)])
    with contextlib.redirect_stderr(sys.stdout):
        record_property("tried", rubbish.tried(0.1, names, st.data(), part=part)(run))
    assert {found.name for found in tmp_path.iterdir()} <= {"found.npz"}


@pytest.mark.thorough
def test_addresses(record_property, part):
    """A page takes a second to be opened."""
    known: dict[str, list[str]] = {}

    def see(page, drawn):
        if page not in known:
            known[page] = sorted({*opened(page).session_state["_read_names"], *SHARED})
        names = drawn.draw(st.lists(st.sampled_from(known[page]), min_size=1, max_size=3, unique=True))
        values = st.sampled_from([word for word in rubbish.WORDS if len(word) < 1000])
        app = opened_at(page, {name: drawn.draw(values) for name in names})
        assert not app.exception, app.exception[0].message

    record_property("tried", rubbish.tried(0.02, st.sampled_from(PAGES), st.data(), part=part)(see))
