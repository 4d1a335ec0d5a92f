"""Sentences that remember what they are made of."""

import copy
import pickle

from models.words import told


def test_it_is_the_english_sentence():
    sentence = told("{name} has {size:.1f} GB; at most {most:.0f} GB are fetched here.", name="a/b", size=7.25, most=4.0)
    assert sentence == "a/b has 7.2 GB; at most 4 GB are fetched here." and isinstance(sentence, str)
    assert sentence.template.startswith("{name}") and sentence.values == {"name": "a/b", "size": 7.25, "most": 4.0}


def test_without_values_braces_stay():
    assert told("the form {site: [heads]}") == "the form {site: [heads]}"


def test_copies_remember_too():
    sentence = told("There is no folder {folder}.", folder="/tmp/x")
    for again in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):
        assert again == sentence and again.template == sentence.template and again.values == sentence.values
