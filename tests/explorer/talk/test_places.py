"""A step from an address, and the address of a step."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.talk import Step
from explorer.talk.places import OWN, PAGES, address_of, step_of
from models import InputError

NAMES = st.text("abcdefghij_", min_size=1, max_size=8).filter(lambda name: name not in (*OWN, "demo"))
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(st.sampled_from(PAGES), st.dictionaries(NAMES, VALUES, max_size=4))
def test_an_address_of_a_page_gives_the_step_that_opens_it(page, settings):
    step = step_of(f"http://127.0.0.1:8501/{page}?{urlencode(settings)}")
    assert address_of(step) == (page, settings)


def test_an_address_of_the_course_gives_the_demo_with_its_controls():
    step = step_of("/course?demo=q3&step=notice&q3_d_k=1024&lang=zh&stage=1&q8_heads=4&model=bert-mini")
    assert (step.kind, step.name, step.step, step.settings) == ("demo", "Q3", "notice", {"d_k": "1024"})
    assert address_of(step) == ("course", {"demo": "Q3", "step": "notice", "q3_d_k": "1024"})


def test_the_first_page_has_no_name_in_the_address_and_what_is_the_viewers_own_stays_away():
    assert step_of("http://127.0.0.1:8501/?text=a&theme=dark&join=1&talk=3") == Step("page", "attention", settings={"text": "a"})
    assert step_of("/course?exercises=2").kind == "page"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/nowhere",
        "/talk",
        "http://example.org/x/y",
        "/course?demo=Q99",
        "/course?demo=Q3&step=no",
        "/course?demo=Q3&q3_d_k=5",
        "/claims?claim=C99",
    ],
)
def test_what_is_no_address_of_a_step_is_refused(address):
    if not address:
        assert step_of(address).name == "attention"
        return
    with pytest.raises(InputError):
        step_of(address)
