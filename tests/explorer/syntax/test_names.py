"""Relations and directions in a viewer's words: what a head is on these pages is a head of attention alone."""

import pytest

from explorer import i18n
from explorer.atlas import edges
from explorer.charts.syntax.relations import accuracies
from explorer.syntax import names, relations, sentences
from tests.explorer.charts.syntax.test_relations import TABLE


@pytest.mark.parametrize("treebank", i18n.LANGUAGES)
def test_what_our_treebanks_score_is_explained(treebank):
    own = sentences.own(treebank)
    counts: dict[str, int] = {}
    for sentence in own:
        for relation in sentence.relations:
            for name in {relation, relation.partition(":")[0]}:
                counts[name] = counts.get(name, 0) + 1
    scored = {name for name, n in counts.items() if n >= relations.LEAST} - {"punct", "root", "discourse", "discourse:sp"}
    assert len(scored) >= 10 and all(names.meaning(name) for name in scored)


def test_a_subtype_without_words_of_its_own_has_those_of_its_type():
    assert names.meaning("obl:tmod") == names.meaning("obl") and names.meaning("nsubj:pass") != names.meaning("nsubj")
    assert names.meaning("made_up") == "" and names.title("made_up") == "made_up" and names.title("obj") == "obj: the verb's object"


def test_files_keep_their_names_and_viewers_read_others():
    assert relations.DIRECTIONS == edges.DIRECTIONS == ("dependent to head", "head to dependent")
    assert [names.way(one) for one in relations.DIRECTIONS] == ["dependent to governor", "governor to dependent"]


def test_the_picture_calls_no_word_a_head():
    drawn = str(accuracies(TABLE, chosen="obj").spec())
    assert "share of words whose governor is found" in drawn and "dependent to governor" in drawn and "the verb's object" in drawn
    assert "dependent to head" not in drawn and "whose head" not in drawn
