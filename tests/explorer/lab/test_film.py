import numpy as np
import pytest
import torch

from explorer.lab.film import EXAMPLES, SCORED, Film
from explorer.lab.state import Kept
from explorer.scores import masks
from models.toy.tasks import TASKS
from models.training import runs
from tests.tiny_training import training


@pytest.fixture(scope="module")
def trained():
    run = training(12)
    while not run.finished:
        run.step()
    return run


@pytest.fixture(scope="module")
def film(trained):
    return Film(Kept(trained))


def test_each_frame_shows_the_weights_of_its_snapshot(trained, film):
    for snapshot in (trained.snapshots[0], trained.snapshots[-1], trained.snapshots[3]):
        example = film.examples[2]
        captured = film.at(snapshot, example)
        model = trained.model(snapshot)
        ids = model.tokenizer(example.text, return_tensors="pt")["input_ids"]
        with torch.no_grad(), runs.loading.sites.attention.attending(model.sites_of) as run:
            model.network(ids)
        for layer, record in enumerate(run.records):
            np.testing.assert_array_equal(captured.patterns(layer), record.patterns().numpy())
        assert film.at(snapshot, example) is captured


def test_frames_differ_and_the_run_is_left_alone(trained, film):
    before = {name: weight.clone() for name, weight in trained.network.state_dict().items()}
    first, last = (film.at(snapshot, film.examples[0]).pattern(0, 0) for snapshot in (trained.snapshots[0], trained.snapshots[-1]))
    assert not np.array_equal(first, last)
    assert all(torch.equal(weight, before[name]) for name, weight in trained.network.state_dict().items())


def test_roles_are_those_of_the_captures(trained, film):
    snapshot = trained.snapshots[-1]
    batch = max(trained.task.held_out(max(EXAMPLES, SCORED)), key=len)
    model = trained.model(snapshot)
    shown = []
    for ids in batch.input_ids[:SCORED]:
        with torch.no_grad(), runs.loading.sites.attention.attending(model.sites_of) as run:
            model.network(ids[None])
        shown.append([(record.patterns().numpy(), ids.tolist()) for record in run.records])
    found = film.roles(snapshot)
    assert set(found) == set(masks.ROLES)
    for layer in range(2):
        for name, scores in masks.scores([layers[layer] for layers in shown]).items():
            np.testing.assert_allclose(found[name]["decoder", layer], scores, atol=1e-5)


@pytest.mark.parametrize("task", ["order", "translation"])
def test_examples_are_read_as_they_are_asked(task):
    run = training(1, task=task)
    film = Film(Kept(run))
    assert len(film.examples) == EXAMPLES == len(set(film.examples))
    captured = film.at(run.snapshots[0], film.examples[0])
    batch = run.task.held_out(max(EXAMPLES, SCORED))[0]
    assert list(next(iter(captured.sides.values())).ids) == batch.input_ids[0].tolist()
    if TASKS[task].kind == "encoder-decoder":
        assert list(captured.sides["decoder"].ids) == batch.decoder_input_ids[0].tolist()
        assert {part for part, _layer in film.roles(run.snapshots[0])["same token"]} == {"encoder", "decoder"}
