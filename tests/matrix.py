"""A matrix of cases of which every run of the tests takes a part, and `make nightly` all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

import pytest

Case = TypeVar("Case")


def part(cases: Iterable[Case], every_run: Collection[Case]) -> list:
    """For `parametrize`: all cases, of which those that are not in `every_run` wait for the night.

    Raises:
        ValueError: `every_run` names a case that there is not.
    """
    cases = list(cases)
    if unknown := [case for case in every_run if case not in cases]:
        raise ValueError(f"no such cases: {unknown}")
    return [pytest.param(case, marks=() if case in every_run else pytest.mark.thorough) for case in cases]
