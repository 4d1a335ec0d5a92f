"""The row of choices on the pages about pruning, with a toy: its own task, on examples that it was never trained on."""

import pytest
from streamlit.testing.v1 import AppTest

from explorer.tasks import choose
from models.training.presets import PRESETS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    run = PRESETS["majority"].training()
    for _ in range(60):
        run.step()
    folder = tmp_path_factory.mktemp("majority")
    run.save(folder)
    return folder


def page(folder: str) -> None:
    import streamlit as st

    import models
    from explorer.ui.common.task_choice import choose_task, describe

    choice = choose_task(models.load(folder, device="cpu"))
    describe(choice)
    st.metric("Accuracy", choice.results.task.score().score)


def test_a_toy_is_scored_on_its_own_task(folder):
    import models

    app = AppTest.from_function(page, args=(str(folder),), default_timeout=60)
    app.query_params["limit"] = "50"
    app.run()
    assert not app.exception and app.button_group(key="task").options == ["Its own task"]
    assert "Held-out examples of majority · 50 examples" in app.caption[0].value
    model = models.load(folder, device="cpu")
    examples = choose.built_in("exact", model)
    score = choose.make("exact", model, type(examples)(examples.name, examples.examples[:50])).score().score
    assert score > 0 and float(app.metric[0].value) == pytest.approx(score)
