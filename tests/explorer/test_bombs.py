"""Archives that are small and hold much: none of what reads a viewer's file unpacks one."""

import gzip
import io
import tracemalloc
import zipfile

import pytest

from explorer.atlas import corpus
from explorer.syntax import sentences
from explorer.talk import file as lectures
from explorer.tasks import data, tables
from explorer.tasks.formats import decoded
from models.errors import ExplorerError

HELD = 100_000_000
"""Bytes that each of them holds."""
MOST = 20_000_000
"""Bytes that a refusal may take."""


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(HELD))
    return stream.getvalue()


BOMBS = {"zip": _zip, "gzip": lambda: gzip.compress(bytes(HELD), mtime=0)}
READERS = {
    "a table": lambda content, ending: tables.table(content, f"a.csv{ending}"),
    "examples": lambda content, ending: data.read(content, f"a.csv{ending}", answers="class"),
    "words": lambda content, ending: data.read(content, f"a.conll{ending}", answers="words"),
    "a treebank": lambda content, ending: list(sentences.read(content)),
    "a corpus": lambda content, ending: corpus.of_file(content, f"a.txt{ending}"),
    "a text": lambda content, ending: decoded(content, f"a.txt{ending}"),
    "a lecture": lambda content, ending: lectures.opened(content),
}


@pytest.fixture(scope="module", params=BOMBS)
def bomb(request):
    content = BOMBS[request.param]()
    assert len(content) < HELD / 500
    return content


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("ending", ["", ".gz", ".zip"])
def test_a_bomb_is_refused_and_not_unpacked(bomb, reader, ending):
    tracemalloc.start()
    try:
        with pytest.raises(ExplorerError) as caught:
            READERS[reader](bomb, ending)
        assert caught.value.problem and tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
