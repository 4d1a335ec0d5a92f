"""CoNLL-U as it is found, and the project's own treebank."""

import re

import pytest

import models
from explorer.syntax import published, sentences

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
UNIVERSAL = {
    "acl", "advcl", "advmod", "amod", "appos", "aux", "case", "cc", "ccomp", "clf", "compound", "conj", "cop", "csubj", "dep", "det", "discourse",
    "dislocated", "expl", "fixed", "flat", "goeswith", "iobj", "list", "mark", "nmod", "nsubj", "nummod", "obj", "obl", "orphan", "parataxis",
    "punct", "reparandum", "root", "vocative", "xcomp",
}  # fmt: skip


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
    ],
)
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(models.InputError, match=said):
        sentences.read(text)


def test_a_missing_file(tmp_path):
    with pytest.raises(models.InputError, match="no file"):
        sentences.read(tmp_path / "nowhere.conllu")


def test_our_treebank_is_sound():
    own = sentences.own()
    assert len(own) >= 80 and len({sentence.words for sentence in own}) == len(own)
    for sentence in own:
        assert 4 <= len(sentence) <= 20
        assert sentence.heads.count(-1) == 1 and sentence.relations[sentence.heads.index(-1)] == "root"
        assert {relation.partition(":")[0] for relation in sentence.relations} <= UNIVERSAL
        arcs = [tuple(sorted((word, head))) for word, head in enumerate(sentence.heads) if head >= 0]
        assert not [(a, b) for a in arcs for b in arcs if a[0] < b[0] < a[1] < b[1]], "no two arcs cross"
    counts = [sum(relation == wanted for sentence in own for relation in sentence.relations) for wanted in ("det", "obj", "nsubj", "case", "obl")]
    assert min(counts) >= 20


def test_its_texts_are_its_words():
    text = sentences.OWN.read_text(encoding="utf-8")
    told = re.findall(r"# text = (.*)", text)
    for sentence, said in zip(sentences.own(), told, strict=True):
        assert said.replace(" ", "") == "".join(sentence.words)


def test_published_heads_are_counted_from_0():
    assert all(0 <= one.layer < 12 and 0 <= one.head < 12 for one in published.HEADS)
    assert next(one for one in published.HEADS if one.relation == "dobj").accuracy == 86.8
