"""CoNLL-U as it is found, and the project's own treebank."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import models
from explorer.syntax import published, sentences
from tests import ROOT

TEXT = """# sent_id = 1
# text = I don't know.
1\tI\tI\tPRON\t_\t_\t4\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\t_\t_\t4\taux\t_\t_
3\tn't\tnot\tPART\t_\t_\t4\tadvmod\t_\t_
4\tknow\tknow\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No
4.1\tit\tit\tPRON\t_\t_\t_\t_\t4:obj\t_
5\t.\t.\tPUNCT\t_\t_\t4\tpunct\t_\t_

1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\t_
"""
DATA = ROOT.parent / "shared" / "data"
UNIVERSAL = {
    "acl", "advcl", "advmod", "amod", "appos", "aux", "case", "cc", "ccomp", "clf", "compound", "conj", "cop", "csubj", "dep", "det", "discourse",
    "dislocated", "expl", "fixed", "flat", "goeswith", "iobj", "list", "mark", "nmod", "nsubj", "nummod", "obj", "obl", "orphan", "parataxis",
    "punct", "reparandum", "root", "vocative", "xcomp",
}  # fmt: skip


def row(number: object, head: object = 0, relation: str = "root") -> str:
    return f"{number}\tcat\t_\tX\t_\t_\t{head}\t{relation}\t_\t_\n"


GO = row(1) + "\n"


def test_multiword_tokens_are_taken_apart_and_empty_nodes_left_out():
    first, second = sentences.read(TEXT)
    assert first.words == ("I", "do", "n't", "know", ".")
    assert first.heads == (3, 3, 3, -1, 3) and first.relations == ("nsubj", "aux", "advmod", "root", "punct")
    assert second.words == ("Go",) and second.heads == (-1,)
    assert sentences.read(TEXT.encode()) == sentences.read(TEXT.replace("\n", "\r\n")) == [first, second]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no sentence"),
        ("not a treebank", "CoNLL-U"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("1\ta\t_\tX\t_\t_\t2\tdet\t_\t_\n2\tb\t_\tX\t_\t_\t1\tdet\t_\t_\n", "circle"),
        ("1\ta\t_\tX\t_\t_\t7\tdet\t_\t_\n", "word 1"),
        ("1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n", "no head"),
        (GO + row(1, 1, "dep"), r"Sentence 2 \(from line 3\).* circle"),
        (GO + "# text\n" + row(1) + row(2, 1, "dep") + row(3, 1, "dep") + row(2, 1, "dep"), r"Sentence 2, line 7: word 2 comes twice"),
        (row(1) + row(3, 1, "dep") + row(2, 1, "dep"), "Sentence 1, line 2: word 3 stands where word 2 is due.*in order"),
        (row(2) + row(3, 2, "dep"), "line 1: word 2 stands where word 1 is due"),
        (row(0), "line 1: word 0 stands where word 1 is due"),
        (row(1) + row("_", 1, "dep"), "line 2: word _ stands where word 2 is due"),
        (row(1) + row(2, 1, "_"), "line 2, word 2: it has no head or no relation"),
        (row(1) + row(2, 1, ""), "line 2, word 2: it has no head or no relation"),
        (row(1, 0, "_"), "line 1, word 1: it has no head or no relation"),
        (row(1) + row(2, -1, "dep"), "line 2, word 2: its head is word -1, which is not there"),
        (GO + GO + "1\tcat\t_\tX\t_\t_\tx\troot\n", r"no CoNLL-U \(sentence 3, from line 5\)"),
    ],
)
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(models.InputError, match=said):
        sentences.read(text)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\r\r\n"])
def test_lines_end_in_any_way(end):
    assert sentences.read(TEXT.replace("\n", end)) == sentences.read(TEXT)


def test_two_spaces_in_a_column_part_none():
    """They would move what stands behind them into other columns; where there are no tabs at all, they are the columns' ends."""
    tabs = TEXT.replace("know\tknow", "kn  ow\tkn   ow")
    assert sentences.read(tabs)[0].words == ("I", "do", "n't", "kn ow", ".") and sentences.read(tabs)[0].heads == sentences.read(TEXT)[0].heads
    assert sentences.read(TEXT.replace("\t", "  ")) == sentences.read(TEXT)


def test_a_sentence_begins_where_words_are_numbered_from_1_again():
    two = row(1) + row(2, 1, "dep")
    assert sentences.read(two + two + "# a comment\n" + two) == sentences.read(f"{two}\n{two}\n{two}")
    joined = "1-2\tdon't" + "\t_" * 8 + "\n"
    assert sentences.read(joined + two + joined + two) == sentences.read(f"{joined}{two}\n{joined}{two}")
    plus = "# global.columns = FORM ID HEAD DEPREL\nGo\t1\t0\troot\nhome\t2\t1\tobl\nGo\t1\t0\troot\nhome\t2\t1\tobl\n"
    assert len(sentences.read(plus)) == 2


@pytest.mark.parametrize(
    ("name", "words"), [("missing_blank", [4, 4]), ("two_roots", [3]), ("zwj_word", [3]), ("varsel", [3]), ("replacement", [3])]
)
def test_files_that_were_misread(name, words):
    file = ROOT.parent / "shared" / "faults" / f"{name}.conllu"
    if not file.is_file():
        pytest.skip(f"shared/faults/{name}.conllu is not there")
    assert [len(sentence) for sentence in sentences.read(file)] == words


FORM = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6)
WORDS = st.lists(st.tuples(FORM, st.integers(0, 3)), min_size=1, max_size=6)


@given(st.lists(WORDS, min_size=1, max_size=4), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_any_trees_come_back_from_a_file(trees, blank, end, encoding):
    # Word 1 is the root, and each other word depends on one before it.
    expected = [
        sentences.Sentence(
            tuple(form for form, _back in tree),
            tuple(-1 if i == 0 else max(0, i - 1 - back) for i, (_form, back) in enumerate(tree)),
            tuple("dep:x" if i else "root" for i in range(len(tree))),
        )
        for tree in trees
    ]
    lines = []
    for tree in expected:
        of = zip(tree.words, tree.heads, tree.relations, strict=True)
        lines += [f"{i}\t{form}\t_\t_\t_\t_\t{head + 1}\t{relation}\t_\t_" for i, (form, head, relation) in enumerate(of, 1)]
        lines += [""] if blank else []
    assert sentences.read((end.join(lines) + end).encode(encoding)) == expected


@given(st.text(st.sampled_from("12-.\t_\n#ab"), max_size=60))
def test_any_file_is_trees_or_an_error_that_says_what_to_do(text):
    try:
        found = sentences.read(text)
    except models.InputError as error:
        assert error.problem and error.advice
    else:
        assert found and all(-1 <= head < len(tree) for tree in found for head in tree.heads)


def test_heads_go_in_circles_or_not_as_by_walking_from_each_word():
    draw = np.random.default_rng(0)
    found = set()
    for _once in range(300):
        heads = draw.integers(-1, 5, 5).tolist()
        ends = []
        for at in range(5):
            for _step in range(6):
                at = heads[at] if at >= 0 else at
            ends.append(at)
        assert sentences._circle(heads) == any(at >= 0 for at in ends), heads
        found.add(sentences._circle(heads))
    assert found == {True, False}


def test_a_chain_of_words_is_walked_over_once():
    class Counted(list):
        looks = 0

        def __getitem__(self, at):
            Counted.looks += 1
            return super().__getitem__(at)

    assert not sentences._circle(Counted(range(-1, 19_999)))
    assert Counted.looks <= 20_000


def test_reading_ends_at_the_limit():
    broken = GO * 3 + "# what follows is not looked at\n" + row(7)
    assert sentences.first(GO * 3, 2) == (sentences.read(GO * 2), True)
    assert sentences.first(GO * 3 + "# a comment\n\n", 3) == sentences.first(GO * 3) == (sentences.read(GO * 3), False)
    assert sentences.first(broken, 3) == (sentences.read(GO * 3), True) and sentences.read(broken, limit=3) == sentences.read(GO * 3)
    with pytest.raises(models.InputError, match="Sentence 4, line 8"):
        sentences.first(broken, 4)


def test_reading_tells_how_far_it_is_and_can_be_ended():
    shares = []
    sentences.first(GO * 4, progress=shares.append)
    np.testing.assert_allclose(shares, [0.25, 0.5, 0.75, 1])

    def stop(share: float) -> None:
        if share >= 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        sentences.first(GO * 2 + "no treebank", progress=stop)


def test_columns_that_a_file_names():
    text = "# global.columns = ID FORM HEAD DEPREL\n1\tGo\t0\troot\n2\thome\t1\tadvmod\n"
    assert sentences.read(text) == [sentences.Sentence(("Go", "home"), (-1, 0), ("root", "advmod"))]


@pytest.mark.parametrize(("path", "n"), [("ud_ewt/en_ewt-ud-dev.conllu", 2001), ("zh/ud_gsdsimp-dev.conllu", 500)])
def test_published_treebanks_are_read_whole(path, n):
    file: Path = DATA / path
    if not file.is_file():
        pytest.skip(f"shared/data/{path} is not there")
    found = sentences.read(file)
    assert len(found) == n and all(sentence.heads.count(-1) == 1 for sentence in found)
    lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines() if line[:1].isdigit()]
    words = [line for line in lines if line[0].isdigit()]
    assert [word for sentence in found for word in sentence.words] == [line[1] for line in words]
    assert [relation for sentence in found for relation in sentence.relations] == [line[7] for line in words]


def test_a_missing_file(tmp_path):
    with pytest.raises(models.InputError, match="no file"):
        sentences.read(tmp_path / "nowhere.conllu")


@pytest.mark.parametrize(("language", "at_least", "common"), [("en", 80, ["det", "obl"]), ("zh", 60, ["clf", "advmod"])])
def test_our_treebanks_are_sound(language, at_least, common):
    own = sentences.own(language)
    assert len(own) >= at_least and len({sentence.words for sentence in own}) == len(own)
    for sentence in own:
        assert 4 <= len(sentence) <= 20
        assert sentence.heads.count(-1) == 1 and sentence.relations[sentence.heads.index(-1)] == "root"
        assert {relation.partition(":")[0] for relation in sentence.relations} <= UNIVERSAL
        arcs = [tuple(sorted((word, head))) for word, head in enumerate(sentence.heads) if head >= 0]
        assert not [(a, b) for a in arcs for b in arcs if a[0] < b[0] < a[1] < b[1]], "no two arcs cross"
    counts = [sum(relation == wanted for sentence in own for relation in sentence.relations) for wanted in ("obj", "nsubj", "case", *common)]
    assert min(counts) >= 20


@pytest.mark.parametrize("language", sentences.OWN)
def test_their_texts_are_their_words(language):
    text = sentences.OWN[language].read_text(encoding="utf-8")
    told = re.findall(r"# text = (.*)", text)
    for sentence, said in zip(sentences.own(language), told, strict=True):
        assert said.replace(" ", "") == "".join(sentence.words)


def test_published_heads_are_counted_from_0():
    assert all(0 <= one.layer < 12 and 0 <= one.head < 12 for one in published.HEADS)
    assert next(one for one in published.HEADS if one.relation == "dobj").accuracy == 86.8
