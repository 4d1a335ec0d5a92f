"""The atlases that are shipped fit the models that are shipped, and together they stay small."""

import pandas as pd
import pytest

import models
from explorer.atlas import corpus, shipped
from explorer.atlas.atlas import Atlas
from explorer.atlas.reading import heads_of
from models import CATALOGUE

BUNDLED = [entry.name for entry in CATALOGUE if entry.bundled]


def test_there_is_one_of_each_bundled_model_and_all_of_them_are_small():
    assert shipped.names() == BUNDLED
    files = [file for file in shipped.DATA.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 8_000_000
    assert {file.suffix for file in files} == {".parquet", ".json"}


@pytest.mark.parametrize("name", BUNDLED)
def test_it_is_of_the_weights_and_of_the_texts_that_are_shipped(name):
    atlas, model = shipped.opened(name), models.load(name, device="cpu", dtype="float32")
    assert atlas.manifest["model"]["sha256"] == model.fingerprint
    assert atlas.manifest["corpus"]["sha256"] == corpus.own("zh" if name in shipped.CHINESE else "en").digest
    assert list(atlas.heads.index) == heads_of(model)
    for head in atlas.heads.index[:: len(atlas.heads) // 4]:
        rows = atlas.rows(head)
        assert {"sample", "strongest"} <= set(rows["kind"])
        for row in rows.itertuples():
            tokens, special = atlas.text(row.text, "decoder" if head[0] == "cross" else head[0])
            keys, _special = atlas.text(row.text, "encoder" if head[0] == "cross" else head[0])
            assert row.row < len(tokens) == len(special) and max(row.keys) < len(keys)


def test_rows_are_those_of_the_head_whichever_was_asked_for_before():
    atlas = shipped.opened("gpt2-mini")
    for head in [("decoder", 1, 2), ("decoder", 1, 3), ("decoder", 4, 2), ("decoder", 1, 2)]:
        fresh = Atlas.open(shipped.DATA / "gpt2-mini")
        for of in ("rows", "tokens"):
            found = getattr(atlas, of)(head)
            pd.testing.assert_frame_equal(found, getattr(fresh, of)(head))
            assert len(found)
            found.drop(found.index, inplace=True)  # what a caller does with it is the caller's
