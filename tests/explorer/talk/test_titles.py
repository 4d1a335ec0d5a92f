"""What a step is called."""

from explorer.i18n import speaking
from explorer.talk.places import PAGES, PLAYER
from explorer.talk.talk import Step
from explorer.talk.titles import PAGE_TITLES, short


def test_a_page_is_called_as_in_the_navigation_in_either_language():
    assert set(PAGE_TITLES) >= set(PAGES) - {PLAYER}
    step = Step(kind="page", name="heads")
    with speaking("en"):
        assert short(step) == "Know every head"
    with speaking("zh"):
        assert short(step) == "认识每个头"
