"""The course in a real browser: the spotlight, fields that are typed into, the door."""

import pytest
from playwright.sync_api import expect

SEEN = {
    "ask": ".st-key-course_options input",
    "show": ".st-key-course_pictures svg.marks, .st-key-course_pictures canvas",
    "notice": ".course-measures > div",
    "follow": ".st-key-course_next",
}


@pytest.fixture
def course(open_page):
    def opened(address, step="ask"):
        return open_page(f"/course?{address}", wait_for=SEEN[step])

    return opened


def test_the_spotlight_dims_all_pictures_but_one(course):
    page = course("demo=Q3&step=show", "show")
    dim = page.locator(".stVegaLiteChart.dim")
    page.keyboard.press("s")
    expect(dim).to_have_count(2)
    for _ in range(3):
        page.keyboard.press("s")
    expect(dim).to_have_count(0)


def test_keys_typed_into_a_field_are_letters(course):
    page = course("demo=Q3&step=ask")
    field = page.locator(".st-key-course_options input").first
    field.fill("12")
    field.press("Enter")
    expect(field).to_have_value("12")
    assert "step=ask" in page.url


def test_the_door_opens_the_page_that_shows_the_same(course):
    page = course("demo=Q3&step=follow", "follow")
    page.get_by_text("On your own text and model").click()
    page.locator(".stMain h4", has_text="Softmax laboratory").wait_for()
    page.locator(".stMain svg.marks").first.wait_for()
