"""The texts: WikiText's spelling undone, lines joined, ends of books held out."""

import gzip

import pytest

from models.errors import InputError
from models.training import corpus

RAW = (
    " \n = Cats = \n \n The cat @-@ like animal ( Felis catus ) weighs 3 @.@ 5 kg . \n"
    " = = Name = = \n \n It is the dog 's , they say . \n = Dogs = \n \n No . \n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "wikitext2").mkdir()
    (tmp_path / "gutenberg").mkdir()
    (tmp_path / "wikitext2" / "train.raw.gz").write_bytes(gzip.compress(RAW.encode()))
    (tmp_path / "gutenberg" / "a.txt").write_text("".join(f"Sentence number {i:04}.\n\n" for i in range(1000)))
    return tmp_path


@pytest.mark.parametrize(
    ("wikitext", "typed"),
    [
        (" The cat @-@ like animal , of 1 @,@ 500 or 3 @.@ 5 kg . \n", "The cat-like animal, of 1,500 or 3.5 kg.\n"),
        (' He said " no " , and " yes , please " . \n', 'He said "no", and "yes, please".\n'),
        (" the dog 's bone ; they 're here ( or not ) ! \n", "the dog's bone; they're here (or not)!\n"),
        (" = Cats = \n \n = = The name = = \n \n It is . \n", "Cats\n\nThe name\n\nIt is.\n"),
        (" a = b \n", "a = b\n"),
    ],
)
def test_as_people_type_it(wikitext, typed):
    assert corpus.as_typed(wikitext) == typed


def test_lines_of_prose_are_joined_and_those_of_verse_stay():
    prose = "It was a long line of prose that the printer had to break\nsomewhere, and it ended here.\n\nAnother paragraph.\n"
    verse = "Piping down the valleys wild,\n  Piping songs of pleasant glee,\n"
    assert (
        corpus.joined(prose) == "It was a long line of prose that the printer had to break somewhere, and it ended here.\n\nAnother paragraph.\n"
    )
    assert corpus.joined(verse) == verse


def test_the_corpus(folder):
    texts = corpus.read(folder)
    assert texts.raw == RAW
    assert texts.articles == ("Cats\n\nThe cat-like animal (Felis catus) weighs 3.5 kg.\nName\n\nIt is the dog's, they say.\n", "Dogs\n\nNo.\n")
    (book,), (end,) = texts.books, texts.book_ends
    assert book + end == (folder / "gutenberg" / "a.txt").read_text()
    assert len(end) / len(book + end) == pytest.approx(0.05, abs=0.001)


def test_missing_files_are_told_in_words(folder):
    with pytest.raises(InputError, match=r"test\.raw\.gz"):
        corpus.wikitext(folder, "test")
    (folder / "gutenberg" / "a.txt").unlink()
    with pytest.raises(InputError, match="no books"):
        corpus.read(folder)
