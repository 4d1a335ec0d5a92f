"""Models that give several labels, a number or a label for each word, on the pages that prune."""

import numpy as np
import pytest

from explorer.ablation.heads import changes, parse
from explorer.tasks import choose, data
from explorer.ui.common import session
from tests.explorer.tasks.headed import headed, named
from tests.pages.shared import give, opened, settle, tables, written

LABELS = ("joy", "love", "anger")
MADE = {
    "multilabel": ("BertForSequenceClassification", {"problem_type": "multi_label_classification", **named(*LABELS)}),
    "regression": ("BertForSequenceClassification", {"num_labels": 1}),
    "tokens": ("BertForTokenClassification", named("O", "B-LOC")),
}
FILES = {
    "multilabel": ("f.csv", 'text,labels\nthe cat sat on the mat,"joy, anger"\nthe dog did play,love\nwhere was it ?,\n'),
    "regression": ("f.csv", "sentence1,sentence2,score\nthe cat sat,a cat sat,4.5\nthe dog,it was warm,0.25\nwhere was it,it was,2\n"),
    "tokens": ("f.conll", "the O\ncat B-LOC\nsat O\n\na O\ndog B-LOC\n"),
}
OTHERS = {
    "multilabel": 'text,labels\nthe cat,love\na dog in the garden,"joy, love"\n',
    "regression": "sentence1,sentence2,score\nthe cat,a dog,1\nthe mat,it was,3\na garden,they,2\n",
    "tokens": "a B-LOC\ncat O\nsat O\n",
}


@pytest.fixture
def page(request, tmp_path, monkeypatch):
    """The page on a model of the test's kind, with its file given."""
    kind = request.node.callspec.params["kind"]
    network, settings = MADE[kind]
    model = headed(tmp_path, network, **settings)
    monkeypatch.setattr(session, "open_model", lambda *args, **how: model)

    def given(content: str, **address: str):
        app = opened(address.pop("page", "prune"), source="file", colour="none", **address)
        return model, settle(give(app, "file", FILES[kind][0], content.encode()))

    return given


def scores(model, kind: str, content: str, heads: str = ""):
    task = choose.make(kind, model, data.read(content.encode(), FILES[kind][0], **choose.told(kind)))
    return task, task.score(lambda batch: changes(model, parse(model, heads)) if heads else {})


@pytest.mark.parametrize("kind", MADE)
def test_scores_are_those_of_the_file_and_the_heads(page, kind):
    for content, heads in ((FILES[kind][1], ""), (FILES[kind][1], "0.1,1.3"), (OTHERS[kind], "0.1,1.3")):
        model, app = page(content, **({"pruned": heads} if heads else {}))
        assert not app.exception and not app.error, [error.value for error in app.error]
        _task, found = scores(model, kind, content, heads)
        shown = {metric.label: metric.value for metric in app.metric}
        if kind == "regression":
            assert shown["Correlation"] == f"{found.score:.3f}" and shown["Squared error"] == f"{found.mean_loss:.3f}"
            moved = np.abs(found.correct[:, 0] - scores(model, kind, content)[1].correct[:, 0]).mean()
            assert shown["Mean change"] == f"{moved:.3f}" and (moved > 0) == bool(heads)
        else:
            assert shown["Accuracy"] == f"{found.score:.1%}" and shown["Loss, nats"] == f"{found.mean_loss:.3f}"


@pytest.mark.parametrize("kind", ["multilabel"])
def test_each_label_has_a_line(page, kind):
    model, app = page(FILES[kind][1], pruned="0.1,1.3")
    task, full = scores(model, kind, FILES[kind][1])
    _task, found = scores(model, kind, FILES[kind][1], "0.1,1.3")
    (table,) = [one.value for one in app.dataframe if "f1 after" in one.value.columns]
    assert list(table["label"]) == list(LABELS) and list(table["examples"]) == [1, 1, 1]
    for when, of in (("before", full), ("after", found)):
        assert table[f"accuracy {when}"].tolist() == pytest.approx(task.per_label(of)["accuracy"].tolist())


@pytest.mark.parametrize("kind", ["regression"])
def test_a_curve_of_a_number_is_a_correlation(page, kind):
    _model, app = page(FILES[kind][1], page="importance", orders="exact")
    assert not app.exception and not app.error
    curve = next(t for i in range(len(app.get("vega_lite_chart"))) for t in tables(app, i) if {"score", "removed"} <= set(t.columns) and len(t))
    assert curve["score"].between(-1, 1).all()
    (spec,) = [chart.proto.spec for chart in app.get("vega_lite_chart") if '"correlation"' in chart.proto.spec]
    assert '"accuracy"' not in spec and "squared error" in spec


@pytest.mark.parametrize("kind", MADE)
def test_nothing_of_our_own_is_offered_and_the_file_is_described(page, kind):
    _model, app = page("the wrong thing\n")
    assert app.selectbox(key="source").options == ["A file", "From the hub"]
    assert app.error
    _model, app = page(FILES[kind][1])
    assert FILES[kind][0] in written(app)


def test_a_model_that_marks_spans_is_refused_in_words(tmp_path, monkeypatch):
    model = headed(tmp_path, "BertForQuestionAnswering")
    monkeypatch.setattr(session, "open_model", lambda *args, **how: model)
    app = opened("prune")
    (said,) = [warning.value for warning in app.warning]
    assert not app.exception and "question answering" in said and "Choose a classifier or a language model" in said
    assert not app.metric
