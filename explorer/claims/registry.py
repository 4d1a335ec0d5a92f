"""All claims, in the order of the syllabus. Whoever needs them walks this list: page, shell, tests."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from explorer.claims.claim import Claim
from explorer.claims.words import Words, read
from models import InputError
from models.words import told

TOPICS = ("scaling", "cost", "heads", "output", "order", "mask", "depth", "methods", "tasks")
"""Names of modules and of their files of words, in the order of the page."""


@cache
def of_topic(topic: str) -> tuple[Claim, ...]:
    """The claims of a topic, as its module lists them."""
    return import_module(f"explorer.claims.{topic}").CLAIMS


@cache
def claims() -> tuple[Claim, ...]:
    """By number."""
    return tuple(sorted((claim for topic in TOPICS for claim in of_topic(topic)), key=lambda claim: int(claim.id[1:])))


def topic_of(claim: Claim) -> str:
    """The topic that a claim belongs to."""
    return next(topic for topic in TOPICS if any(one.id == claim.id for one in of_topic(topic)))


def claim(id_: str) -> Claim:
    """The claim of an id, whatever the case of its letter. Raises InputError."""
    found = next((one for one in claims() if one.id.lower() == id_.strip().lower()), None)
    if found is None:
        raise InputError(told("There is no claim {id}.", id=id_), told("It is one of {choices}.", choices=", ".join(one.id for one in claims())))
    return found


def words_of(claim: Claim, language: str) -> Words:
    """What is said of a claim."""
    return read(topic_of(claim), language)[1][claim.id]
