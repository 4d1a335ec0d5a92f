"""What tests of claims share: models that are opened once, and claims that are computed once."""

from functools import cache

from explorer.claims import Finding, claim
from models import Model, load


@cache
def model(name: str) -> Model:
    return load(name, "cpu")


@cache
def found(id_: str) -> Finding:
    return claim(id_).compute(model)
