"""A tiny translation from English to Chinese, where words change their places, vanish, and agree with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.errors import InputError
from models.toy.tasks.base import END, START, ToyTask
from models.words import told

_BEINGS = {
    **{"cat": ("猫", "只"), "dog": ("狗", "只"), "bird": ("鸟", "只"), "horse": ("马", "匹")},
    **{"teacher": ("老师", "位"), "child": ("孩子", "个")},
}
_THINGS = {"fish": ("鱼", "条"), "book": ("书", "本"), "tree": ("树", "棵"), "flower": ("花", "朵")}
_ADJECTIVES = {"big": "大", "small": "小", "good": "好", "strange": "怪"}
_ADVERBS = {"often": "常常", "always": "总是"}
_VERBS = {"sees": "看见", "finds": "找到", "draws": "画", "touches": "摸", "seeks": "寻找"}
_PLACES = {"garden": "花园", "park": "公园", "school": "学校", "forest": "森林"}
_TIMES = {"today": "今天", "now": "现在"}
_NOUNS = _BEINGS | _THINGS
_ENGLISH = ["the", "a", "in", *_NOUNS, *_ADJECTIVES, *_ADVERBS, *_VERBS, *_PLACES, *_TIMES]
_PLAIN = _ADJECTIVES | _ADVERBS | _VERBS | _PLACES | _TIMES
_CHINESE = ["在", "里", "一", *dict.fromkeys(measure for _noun, measure in _NOUNS.values()), *(noun for noun, _measure in _NOUNS.values())]
_TOKENS = [START, END, *_ENGLISH, *_CHINESE, *_PLAIN.values()]
_IDS = {token: i for i, token in enumerate(_TOKENS)}


@dataclass(frozen=True)
class Translation(ToyTask):
    """Sentences such as "the big cat sees a dog in the park today" and 今天 大 猫 在 公园 里 看见 一 只 狗.

    Place and time move before the verb, "the" vanishes, and "a" becomes a measure word that depends on its noun. All sentences of
    a batch have the same parts, hence the same length.
    """

    name = "translation"
    kind = "encoder-decoder"
    about = "Translate an English sentence into Chinese."
    look_at = told(
        "Cross-attention: each Chinese word looks at its English word, so that the strong cells jump where place and time move to the "
        "front. The measure word after 一 looks at the noun that it has to agree with."
    )

    @property
    def tokens(self) -> list[str]:
        return list(_TOKENS)

    @property
    def n_tokens(self) -> int:
        return 13

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        subject, adverb, indefinite, object_, place, time = (torch.rand(6, generator=generator) < 0.5).tolist()
        columns = [["the"], _ADJECTIVES if subject else None, _BEINGS, _ADVERBS if adverb else None, _VERBS]
        columns += [["a"] if indefinite else ["the"], _ADJECTIVES if object_ else None, _NOUNS]
        columns += [["in"], ["the"], _PLACES] if place else []
        columns += [_TIMES] if time else []
        columns.append([END])
        words = [torch.tensor([_IDS[word] for word in column]) for column in columns if column]
        source = torch.stack([column[torch.randint(len(column), (n,), generator=generator)] for column in words], dim=1)
        target = self._translated(source)
        return source, torch.cat([torch.full((n, 1), _IDS[START]), target], dim=1)

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        target = self._translated(input_ids)
        targets = torch.cat([target, torch.full_like(target[:, :1], _IDS[END])], dim=1)
        if decoder_input_ids is None or decoder_input_ids.shape == targets.shape:
            return targets
        raise InputError(told("This translation does not have as many words as it should."), told("It is {right}.", right=self.text(target[0])))

    def _translated(self, source: Tensor) -> Tensor:
        rows = []
        for ids in source.tolist():
            words = [_TOKENS[i] for i in ids]
            rows.append([_IDS[word] for word in translated(words[:-1] if words[-1] == END else words)])
        return torch.tensor(rows, device=source.device)


def translated(words: Sequence[str]) -> list[str]:
    """An English sentence of the grammar in Chinese. Raises InputError for any other sentence."""
    rest = list(words)

    def taken(*choices: str) -> str | None:
        return rest.pop(0) if rest and rest[0] in choices else None

    def phrase(articles: Sequence[str], nouns: Sequence[str]) -> list[str]:
        article, adjective, noun = taken(*articles), taken(*_ADJECTIVES), taken(*nouns)
        if article is None or noun is None:
            raise InputError(
                told("{text} is not a sentence of the grammar.", text=" ".join(words)), told("Write the cat sees a dog in the park today.")
            )
        chinese, measure = _NOUNS[noun] if noun in _NOUNS else (_PLACES[noun], "")
        counted = ["一", measure] if article == "a" else []
        return [*counted, *([_ADJECTIVES[adjective]] if adjective else []), chinese]

    subject, adverb, verb = phrase(["the"], _BEINGS), taken(*_ADVERBS), taken(*_VERBS)
    object_ = phrase(["the", "a"], _NOUNS)
    place = ["在", *phrase(["the"], _PLACES), "里"] if taken("in") else []
    time = taken(*_TIMES)
    if verb is None or rest:
        raise InputError(
            told("{text} is not a sentence of the grammar.", text=" ".join(words)), told("Write the cat sees a dog in the park today.")
        )
    return [*_words(time), *subject, *_words(adverb), *place, _VERBS[verb], *object_]


def _words(word: str | None) -> list[str]:
    return [_PLAIN[word]] if word else []
