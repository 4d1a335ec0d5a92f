"""The sweep over classes against a brute-force loop, on the classifier of every architecture that has one."""

import numpy as np
import pytest
import torch
import transformers

import models
from explorer.ablation.heads import every
from explorer.ablation.sweep import sweep
from explorer.tasks.classify import Classify
from explorer.tasks.data import Examples, Labelled
from models import attention
from tests import tiny as making

TEXTS = ["the cat sat on the mat", "a dog", "the dog sat on a mat ."]
CLASSES = ("no", "maybe", "yes")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """Loads a tiny random classifier of an architecture."""

    def load(name: str) -> models.Model:
        config = making.CONFIGS[name]().config
        config.id2label, config.label2id = dict(enumerate(CLASSES)), {word: i for i, word in enumerate(CLASSES)}
        config.vocab_size = 256 if name == "gpt2" else config.vocab_size
        torch.manual_seed(0)
        network = transformers.AutoModelForSequenceClassification.from_config(config)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
        folder = tmp_path_factory.mktemp(f"{name}-classifier")
        network.save_pretrained(folder)
        making.tokenizer(name).save_pretrained(folder)
        return models.load(folder, device="cpu")

    return load


@pytest.mark.parametrize("name", ["bert", "roberta", "distilbert", "electra", "albert", "gpt2", "opt", "llama", "bart", "t5"])
def test_the_sweep_equals_a_brute_force_loop(classifier, name):
    model = classifier(name)
    task = Classify(model, Examples("tiny", tuple(Labelled(text, i) for i, text in enumerate(TEXTS)), CLASSES))
    found = sweep(task)
    assert set(found.without) == set(every(model))
    assert len({round(scores.mean_loss, 6) for scores in found.without.values()}) > len(model.sites)  # heads do differ
    for removed in [None, *found.without]:
        losses, right = [], []
        for item in task.items:
            gates = {site.index: attention.Change(gate=torch.ones(site.heads)) for site in model.sites}
            if removed is not None:
                gates[removed[0]].gate[removed[1]] = 0
            given = {key: torch.tensor([ids]) for key, ids in item.inputs.items()}
            with torch.no_grad(), attention.attending(model.sites_of, changes=gates, record=False):
                logits = model.network(**given).logits[0]
            losses.append(-float(logits.log_softmax(-1)[item.target]))
            right.append(int(logits.argmax()) == item.target)
        scores = found.baseline if removed is None else found.without[removed]
        np.testing.assert_allclose(scores.loss, losses, atol=1e-5)
        np.testing.assert_array_equal(scores.correct, right)
