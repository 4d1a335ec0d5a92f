"""Inputs of charts: what they are bound to, and that Vega computes with them."""

import altair as alt
import pytest

from explorer.charts.common import sliders
from explorer.charts.common.picture import Picture, described
from tests.explorer.charts.scene import drawn, marks, readouts

ONE = alt.Chart(alt.sequence(0, 1, 1, as_="i"))


def shown(*inputs: alt.Parameter, expression: str, form: str = ".2f") -> Picture:
    return Picture(sliders.with_inputs(alt.hconcat(sliders.readouts(ONE, [("it", expression, form)])), inputs))


def bound(picture: Picture) -> dict[str, dict]:
    return {given["name"]: given["bind"] for given in picture.description["params"] if "bind" in given}


def test_a_logarithm_is_moved_and_the_number_follows() -> None:
    chart = shown(*sliders.log("base", "Base", 10, 100_000, 10_000), expression="base")
    assert bound(chart)["base_exponent"] == {"input": "range", "min": 1, "max": 5, "step": 0.05, "name": "Base"}
    assert readouts(drawn(chart))["it"] == pytest.approx(10_000, rel=1e-12)
    assert readouts(drawn(chart, base_exponent=1.35))["it"] == pytest.approx(10**1.35, rel=1e-12)


def test_steps_go_through_a_list() -> None:
    chart = shown(*sliders.steps("d_k", "d_k", [1, 3, 64], 3), expression="d_k")
    assert bound(chart)["d_k_step"] == {"input": "range", "min": 0, "max": 2, "step": 1, "name": "d_k"}
    assert readouts(drawn(chart))["it"] == 3 and readouts(drawn(chart, d_k_step=2))["it"] == 64
    with pytest.raises(ValueError):
        sliders.steps("d_k", "d_k", [1, 3, 64], 2)


@pytest.mark.parametrize("radio", [False, True])
def test_a_choice_is_a_key_and_shows_its_text(radio: bool) -> None:
    chart = shown(sliders.choice("kind", "Kind", {"a": "first", "b": "second"}, "a", radio=radio), expression="kind === 'b' ? 2 : 1")
    assert bound(chart)["kind"] == {"input": "radio" if radio else "select", "options": ["a", "b"], "labels": ["first", "second"], "name": "Kind"}
    assert readouts(drawn(chart))["it"] == 1 and readouts(drawn(chart, kind="b"))["it"] == 2


def test_numbers_switches_and_what_follows_from_them() -> None:
    inputs = [sliders.linear("x", "x", 0, 1, 0.5, 0.1), sliders.switch("on", "On"), sliders.derived("twice", "on ? 2 * x : x")]
    chart = shown(*inputs, expression="twice")
    assert readouts(drawn(chart))["it"] == 0.5 and readouts(drawn(chart, on=True, x=0.7))["it"] == pytest.approx(1.4)


def test_all_digits_are_said_and_few_are_shown() -> None:
    chart = Picture(sliders.with_inputs(sliders.readouts(ONE, [("third", "1 / 3", ".2f"), ("word", "'so'", "")], of="a list"), []))
    texts = [item for items in marks(drawn(chart), "text") for item in items]
    assert [item["text"] for item in texts] == ["third", "0.33", "word", "so"]
    assert texts[1]["description"] == f"a list, third: {1 / 3}" and texts[3]["description"] == "a list, word: so"


def test_only_inputs_can_be_moved() -> None:
    chart = shown(*sliders.log("base", "Base", 1, 10, 1), expression="base")
    with pytest.raises(KeyError, match="base_exponent"):
        sliders.moved(chart, base=3)
    sliders.moved(chart, base_exponent=0.5)
    assert readouts(drawn(chart))["it"] == 1, "the chart itself stays as it was"


def test_a_description_with_inputs_is_made_once() -> None:
    made = []

    @described
    def description(n: int) -> dict:
        made.append(n)
        return sliders.with_inputs(sliders.readouts(ONE, [("n", f"{n} * x", ".2f")]), [sliders.linear("x", "x", 0, 1, 0.5, 0.1)])

    assert description(3) is description(3) and made == [3]
    assert readouts(drawn(Picture(description(3)), x=1))["n"] == 3 and readouts(drawn(Picture(description(4))))["n"] == 2


def test_what_a_hidden_number_stands_for_is_told() -> None:
    inputs = [*sliders.steps("d_k", "d_k", [1, 3, 64], 3), *sliders.log("base", "Base", 2, 64, 8, base=2), sliders.linear("k", "k", 0, 9, 1, 1)]
    assert sliders.scales(shown(*inputs, expression="d_k * base").description) == {"d_k_step": [1, 3, 64], "base_exponent": 2.0}
