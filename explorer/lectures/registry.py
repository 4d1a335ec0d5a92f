"""All demos, in the order of the course. Whoever needs them walks this list: pages, shell, tests."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from explorer.i18n import N_, _
from explorer.lectures.demo import Demo
from models import InputError
from models.words import told

CHAPTERS = {
    1: N_("Self-attention"),
    2: N_("Multi-head attention"),
    3: N_("Position"),
    4: N_("Architecture"),
    5: N_("Efficiency"),
    6: N_("Parallel training and what comes next"),
}
"""Titles, by number."""
STEP_TITLES = {"ask": N_("Ask"), "show": N_("Show"), "notice": N_("Notice"), "follow": N_("Follow up")}
"""What the steps of a demo are called."""
MODULES = (
    "q01_mechanism",
    "q02_projections",
    "q03_scaling",
    "q04_cost",
    "q05_outputs",
    "q05b_uniform",
    "q06_dictionary",
    "q07_diversity",
    "q08_parameters",
    "q09_specialise",
    "q09b_roles",
    "q10_parallel",
    "q11_width",
    "q12_output",
    "qf3_redundancy",
    "qf6_layers",
    "q13_order",
    "q14_sinusoids",
    "q15_addition",
    "q16_rotary",
    "q16b_longer",
    "q17_residual",
    "q18_norm",
    "q19_ffn",
    "q20_mask",
    "q21_cache",
    "q21b_flash",
    "q22_linear",
    "q22b_sparse",
    "q23_serial",
    "q23b_exposure",
    "q24a_growth",
    "q24b_forgetting",
    "q24c_outside",
    "q24d_further",
)


@cache
def demos() -> tuple[Demo, ...]:
    """In the order of the course."""
    return tuple(import_module(f"explorer.lectures.{name}").DEMO for name in MODULES)


def demo(id_: str) -> Demo:
    """The demo of a question, whatever the case of its letters. Raises InputError."""
    found = next((one for one in demos() if one.id.lower() == id_.strip().lower()), None)
    if found is None:
        raise InputError(told("There is no demo {id}.", id=id_), told("It is one of {choices}.", choices=", ".join(one.id for one in demos())))
    return found


def chapter_title(number: int) -> str:
    """Number and title of a chapter, in the language that is spoken now."""
    return f"{number} · {_(CHAPTERS[number])}"


def of_chapter(chapter: int) -> list[Demo]:
    return [one for one in demos() if one.chapter == chapter]
