"""The project's own models in the catalogue."""

import models
from models.opening import catalogue


def test_own_models_are_offered_where_they_are_there(tmp_path):
    assert catalogue.own(tmp_path) == ()
    for there, name in enumerate(("gpt2-mini", "bert-mini"), start=1):
        (tmp_path / name).mkdir()
        assert len(catalogue.own(tmp_path)) == there - 1  # an empty folder is no model
        (tmp_path / name / "config.json").write_text("{}")
        assert catalogue.own(tmp_path)[-1].name == name


def test_own_models_open_as_they_are_described():
    for entry in catalogue.own():
        assert entry.bundled and entry in models.CATALOGUE
        model = models.load(entry.name)
        layers, heads = entry.shape.split(" x ")
        assert (model.name, model.kind, model.origin) == (entry.name, entry.kind, "bundled")
        # "4+4": of the encoder, and of the decoder, each of whose layers attends to the encoder, too.
        by_stack = [len(model.sites_in(part)) for part in model.parts if part != "cross"]
        assert ("+".join(map(str, by_stack)), {site.heads for site in model.sites}) == (layers, {int(heads)})
        assert model.trained and not model.view_only and not model.notes
        assert sum(file.stat().st_size for file in (catalogue.SHIPPED / entry.name).iterdir()) < 20e6


def test_a_name_that_is_not_there_is_not_bundled(monkeypatch):
    monkeypatch.setattr(catalogue, "own", lambda: ())
    assert catalogue.bundled_folder("gpt2-mini") is None
