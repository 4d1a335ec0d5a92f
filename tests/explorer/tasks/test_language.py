"""Masked and next words: who is right where several words are equally likely, and texts in which nothing is to be predicted."""

import pytest
import torch

import models
from explorer.tasks import choose, data
from explorer.tasks.language import _losses
from models import InputError
from tests import tiny

TEXTS = ("the cat sat on the mat", "a dog was warm")


def examples(*texts: str) -> data.Examples:
    return data.Examples("", tuple(data.Labelled(text, None) for text in texts))


def test_a_model_that_says_nothing_is_not_always_right(tmp_path):
    """All words alike: the answer is the first of the vocabulary, and no text holds it. Each target had the largest logit, too."""
    network = tiny.network("llama")
    network.get_output_embeddings().weight.data.zero_()
    network.save_pretrained(tmp_path)
    tiny.tokenizer("llama").save_pretrained(tmp_path)
    scores = choose.make("next", models.load(tmp_path, device="cpu"), examples(*TEXTS)).score()
    assert scores.score == 0 and scores.loss == pytest.approx(torch.log(torch.tensor(32.0)).item(), abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_of_words_that_are_equally_likely_one_is_the_answer(dtype):
    torch.manual_seed(0)
    logits = torch.randint(-2, 3, (400, 7)).to(dtype)  # many ties for the largest
    targets = torch.randint(0, 7, (400,))
    loss, right = _losses(logits, targets)
    assert right.tolist() == (logits.argmax(-1) == targets).tolist()
    assert right.tolist() == _losses(logits.float().requires_grad_(), targets)[1].tolist()
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none"))
    assert ((logits.amax(-1) == logits.gather(1, targets[:, None])[:, 0]) & ~right).any()


def test_masks_that_stand_in_texts_already_are_told_and_counted(tiny):
    """They were passed over without a word, and other words were hidden."""
    model = tiny("bert")
    mask, other = model.tokenizer.mask_token, next(one for one in ("[MASK]", "<mask>") if one != model.tokenizer.mask_token)
    texts = (f"the {mask} sat on the {mask}", *TEXTS, f"a {mask} was warm", f"a dog {other} was warm")
    task = choose.make("masked", model, examples(*texts))
    assert [note for note in task.notes if f"{mask} in a text has no answer" in note and "2 of 5" in note] == list(task.notes[:1])
    assert any(f"{other} is read as ordinary characters, in 1 of 5" in note and note.endswith(f"{mask}.") for note in task.notes)
    id_of = model.tokenizer.mask_token_id
    for item in task.items:  # none of those that stood there is asked for
        assert not [i for i, target in enumerate(item.target) if target == id_of]


@pytest.mark.parametrize(("kind", "name", "empty"), [("next", "llama", "the"), ("masked", "bert", "zzz")])
def test_texts_in_which_nothing_is_to_be_predicted_are_counted(tiny, kind, name, empty):
    """One token has no next word, and what the tokenizer does not know is not masked."""
    task = choose.make(kind, tiny(name), examples(empty, *TEXTS, empty))
    assert [item.number for item in task.items] == [1, 2] and any("2 of 4 texts are left out" in note for note in task.notes)
    assert not choose.make(kind, tiny(name), examples(*TEXTS)).notes
    with pytest.raises(InputError, match="anything to predict"):
        choose.make(kind, tiny(name), examples(empty))
