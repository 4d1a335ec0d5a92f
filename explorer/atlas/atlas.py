"""The atlas as a whole: its tables in memory or in a folder, and what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.atlas import tables
from explorer.atlas.options import VERSION
from explorer.atlas.shards import Merged
from explorer.atlas.sums import NAMES
from explorer.scores.sums import listed
from models import InputError
from models.atomic import put_text, whole_folder
from models.words import told

MANIFEST = "manifest.json"
BY_LAYER = ("rows", "tokens")
"""Tables that have a file a layer; a page reads those of the head that it shows."""
WHOLE = ("heads", "distances", "peaks", "edges", "texts")
HeadName = tuple[str, int, int]
"""Part, layer and head."""


@dataclass(eq=False)
class Atlas:
    """Every head of a model over a corpus.

    Attributes:
        manifest: what it is of: model, corpus, options, versions.
        folder: where its tables lie; None where they are in memory.
    """

    manifest: Mapping[str, object]
    folder: Path | None = None
    _tables: dict[str, pa.Table] = field(default_factory=dict, repr=False)
    _last: dict[str, tuple[tuple[str, int], pa.Table]] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(merged: Merged) -> Atlas:
        """The atlas of all shards."""
        about = {name: value for name, value in merged.about.items() if name != "heads"}
        return Atlas(about | {"bounds": listed(merged.bounds)}, None, tables.of(merged))

    @staticmethod
    def open(folder: Path) -> Atlas:
        """The atlas that lies in a folder.

        Raises:
            InputError: none, of another version, or a file of it missing or broken.
        """
        advice = told("Name a folder that the command “python -m explorer atlas” wrote.")
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            version = manifest["version"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(told("{folder} holds no atlas.", folder=folder), advice) from error
        if version != VERSION:
            raise InputError(told("{folder} holds an atlas of version {n}.", folder=folder, n=version), told("Make it again."))
        made = Atlas(manifest, folder)
        made.heads  # noqa: B018  (what cannot be read is told here, and not on the page)
        return made

    def write(self, folder: Path) -> None:
        """Writes the atlas, whole or not at all: a file a layer of what is large, partitioned as in Hive. Raises WriteError."""
        how = {"compression": "zstd", "compression_level": 9}
        with whole_folder(folder, (MANIFEST,)) as beside:
            for name in WHOLE:
                pq.write_table(self._table(name), beside / f"{name}.parquet", **how)
            for name in BY_LAYER:
                for part, layer in self.layers:
                    file = self._file(beside, name, part, layer)
                    file.parent.mkdir(parents=True)
                    pq.write_table(self._of_layer(name, part, layer), file, **how)
            put_text(beside / MANIFEST, json.dumps(self.manifest, indent=1, sort_keys=True) + "\n")

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.manifest["model"]["name"]

    @property
    def memory_bytes(self) -> int:
        """Memory that its tables take, in bytes."""
        return sum(table.nbytes for table in (*self._tables.values(), *(table for _of, table in self._last.values())))

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts of the model, in order."""
        return tuple(self.manifest["parts"])

    @property
    def title(self) -> str:
        """Of model and corpus, for a viewer."""
        return f"{self.model}: {told(self.manifest['corpus']['name'])}"

    @cached_property
    def heads(self) -> pd.DataFrame:
        """A line a head, indexed by part, layer and head: metrics with `_texts`, `_sd`, `_n`; scores on repeated tokens; roles."""
        return self._table("heads").to_pandas().set_index(["part", "layer", "head"])

    @property
    def layers(self) -> list[tuple[str, int]]:
        """Part and layer of all that have heads."""
        return list(dict.fromkeys((part, int(layer)) for part, layer, _head in self.heads.index))

    def sizes(self, part: str) -> list[int]:
        """Heads of each layer of a part, 0 for one that has none."""
        layers = [int(layer) for one, layer, _head in self.heads.index if one == part]
        return [layers.count(i) for i in range(max(layers, default=-1) + 1)]

    @cached_property
    def metrics(self) -> list[str]:
        """Names of the metrics that there are for any head."""
        return [name for name in NAMES if self.heads[name].notna().any()]

    def metrics_in(self, part: str) -> list[str]:
        """The same for any head of a part."""
        there = self._measured.loc[part]
        return [name for name in self.metrics if there[name]]

    @cached_property
    def _measured(self) -> pd.DataFrame:
        """By part and metric, whether any head has it."""
        return self.heads[self.metrics].notna().groupby(level="part").any()

    def rows(self, head: HeadName) -> pd.DataFrame:
        """The kept rows of a head; see `tables.of`."""
        return self._of_head("rows", head)

    def tokens(self, head: HeadName) -> pd.DataFrame:
        """Its query and key tokens, by mass and by lift."""
        return self._of_head("tokens", head)

    def distances(self, head: HeadName) -> pd.DataFrame:
        """Share of its weight by signed distance, in bins."""
        return self._frame("distances").loc[lambda table: _is(table, head)]

    def distances_of(self, part: str) -> pd.DataFrame:
        """The same of all heads of a part."""
        return self._frame("distances").loc[lambda table: table["part"] == part]

    def peaks(self, head: HeadName) -> pd.DataFrame:
        """Rows by their largest weight, in bins, and the decile of each bin."""
        return self._frame("peaks").loc[lambda table: _is(table, head)]

    @cached_property
    def edges(self) -> pd.DataFrame:
        """Of each head and relation: rows that there are, and rows whose largest weight is on the right word. Empty without a treebank."""
        return self._frame("edges")

    def text(self, number: int, side: str) -> tuple[list[str], list[bool]]:
        """The tokens of a text, and which of them are special.

        Args:
            number: of the text.
            side: "encoder" or "decoder".
        """
        found = self._texts[number, side]
        return list(found["tokens"]), list(found["special"])

    def written(self, number: int, side: str) -> str:
        """A text as it was written; "" where it was generated, or is very long."""
        return self._texts[number, side]["written"]

    def share_of(self, token: str) -> float:
        """Of all tokens of the texts, the share that this one is: of [UNK], of what the model cannot read."""
        tokens = [one for line in self._texts.values() for one in line["tokens"]]
        return tokens.count(token) / len(tokens) if tokens else 0.0

    @cached_property
    def _texts(self) -> dict[tuple[int, str], dict[str, Any]]:
        """Lines of the table by text and side: a page asks for the text of each row that it shows."""
        return {(line["text"], line["side"]): line for line in self._table("texts").to_pylist()}

    def _frame(self, name: str) -> pd.DataFrame:
        return self._table(name).to_pandas()

    def _of_head(self, name: str, head: HeadName) -> pd.DataFrame:
        table = self._of_layer(name, head[0], head[1])
        return table.filter(pa.compute.equal(table["head"], head[2])).to_pandas()

    def _of_layer(self, name: str, part: str, layer: int) -> pa.Table:
        if self.folder is not None:
            # Of each kind the layer that was asked for last: a page draws one head again and again.
            of, table = self._last.get(name, (None, None))
            if of != (part, layer):
                table = self._read(self._file(self.folder, name, part, layer))
                self._last[name] = (part, layer), table
            return table
        table = self._tables[name]
        return table.filter(pa.compute.and_(pa.compute.equal(table["part"], part), pa.compute.equal(table["layer"], layer)))

    def _table(self, name: str) -> pa.Table:
        if name not in self._tables:
            self._tables[name] = self._read(self.folder / f"{name}.parquet")
        return self._tables[name]

    @staticmethod
    def _file(folder: Path, name: str, part: str, layer: int) -> Path:
        return folder / name / f"part={part}" / f"layer={layer:02d}" / f"{name}.parquet"

    @staticmethod
    def _read(file: Path) -> pa.Table:
        try:
            with file.open("rb") as stream:  # given a path, its folders would be taken for columns
                return pq.read_table(stream)
        except (OSError, pa.ArrowException) as error:
            problem = told("{file} of this atlas cannot be read: {why}.", file=file.name, why=str(error)[:200])
            raise InputError(problem, told("Make the atlas again.")) from error


def _is(table: pd.DataFrame, head: HeadName) -> pd.Series:
    return (table["part"] == head[0]) & (table["layer"] == head[1]) & (table["head"] == head[2])
