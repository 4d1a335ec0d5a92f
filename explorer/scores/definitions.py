"""Every score with its formula and its source. A_ij is the weight of query i on key j; a mean is over queries, all of which weigh alike."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.i18n import N_


@dataclass(frozen=True)
class Score:
    """One number per head. Title, meaning and unit are translated where they are shown.

    Attributes:
        name: in tables and files.
        title: as a page shows it.
        formula: LaTeX.
        meaning: one sentence.
        source: paper and section.
        unit: "share" (0 to 1), "nats" or "tokens".
        square: only for attention of a text to itself: queries and keys are the same tokens.
    """

    name: str
    title: str
    formula: str
    meaning: str
    source: str
    unit: str = N_("share")
    square: bool = True


_CLARK = "Clark et al. 2019"
_VOITA = "Voita et al. 2019"

SCORES: tuple[Score, ...] = (
    Score(
        "entropy",
        N_("entropy"),
        r"\operatorname{mean}_i \, -\sum_j A_{ij} \ln A_{ij}",
        N_("How broadly it looks. Queries that see one key only are left out."),
        f"{_CLARK}, section 3.3",
        N_("nats"),
        False,
    ),
    Score(
        "relative_entropy",
        N_("entropy, share of its maximum"),
        r"\operatorname{mean}_i \, H_i / \ln n_i",
        N_("1 is uniform over the nᵢ keys that the query sees, 0 is one key."),
        f"{_CLARK}, section 3.3",
        square=False,
    ),
    Score(
        "confidence",
        N_("confidence"),
        r"\operatorname{mean}_i \, \max_j A_{ij}",
        N_("Mean of the largest weights."),
        f"{_VOITA}, section 4",
        square=False,
    ),
    Score(
        "distance",
        N_("distance"),
        r"\operatorname{mean}_i \, \sum_j A_{ij} \, |i - j|",
        N_("How far it looks, either way."),
        "Vig & Belinkov 2019, section 4.3",
        N_("tokens"),
    ),
    Score(
        "offset",
        N_("signed distance"),
        r"\operatorname{mean}_i \, \sum_j A_{ij} (j - i)",
        N_("Below 0: it looks back."),
        f"{_VOITA}, section 5.1",
        N_("tokens"),
    ),
    Score("previous", N_("previous token"), r"\operatorname{mean}_{i>0} A_{i,i-1}", N_("Weight on the token before."), f"{_CLARK}, section 3.1"),
    Score(
        "next",
        N_("next token"),
        r"\operatorname{mean}_{i<n-1} A_{i,i+1}",
        N_("Weight on the token after; none under a causal mask."),
        f"{_CLARK}, section 3.1",
    ),
    Score("same", N_("the token itself"), r"\operatorname{mean}_i A_{ii}", N_("Weight on itself."), f"{_CLARK}, section 3.1"),
    Score(
        "peak_previous",
        N_("largest weight on the previous"),
        r"\operatorname{mean}_{i>0} [\arg\max_j A_{ij} = i-1]",
        N_("Share of queries whose largest weight lies one token back."),
        f"{_VOITA}, section 5.1",
    ),
    Score(
        "peak_next",
        N_("largest weight on the next"),
        r"\operatorname{mean}_{i<n-1} [\arg\max_j A_{ij} = i+1]",
        N_("The same, one token ahead."),
        f"{_VOITA}, section 5.1",
    ),
    Score(
        "first",
        N_("first token"),
        r"\operatorname{mean}_{i>0} A_{i0}",
        N_("Where attention goes that has nowhere to go."),
        "Xiao et al. 2023, section 3.1",
    ),
    Score(
        "special",
        N_("special tokens"),
        r"\operatorname{mean}_i \sum_{j \in S} A_{ij}",
        N_("Weight on [CLS], [SEP] and the like."),
        f"{_CLARK}, section 3.2",
        square=False,
    ),
    Score(
        "punctuation",
        N_("punctuation"),
        r"\operatorname{mean}_i \sum_{j \in P} A_{ij}",
        N_("Weight on tokens without a letter or a digit; special tokens are no punctuation."),
        f"{_CLARK}, section 3.2",
        square=False,
    ),
    Score(
        "rare",
        N_("rarest token"),
        r"\operatorname{mean}_i A_{i r}",
        N_("Weight on the rarest token r of the text, special tokens and punctuation left out; of equally rare ones the last in the vocabulary."),
        f"{_VOITA}, section 5.3",
        square=False,
    ),
    Score(
        "duplicate",
        N_("duplicate token, on the text"),
        r"\operatorname{mean}_i \sum_{j<i,\, x_j = x_i} A_{ij}",
        N_("Weight on earlier copies of the same token, where there are any."),
        "Wang et al. 2022, section 3",
    ),
    Score(
        "induction",
        N_("induction, on the text"),
        r"\operatorname{mean}_i \sum_{j<i,\, x_{j-1} = x_i} A_{ij}",
        N_("Weight on what followed earlier copies of the same token, where there are any."),
        "Olsson et al. 2022, prefix matching",
    ),
)
REPEATED: tuple[Score, ...] = (
    Score(
        "repeated_induction",
        N_("induction, repeated random tokens"),
        r"\operatorname{mean}_{i \geq m} A_{i,\,i-m+1}",
        N_("m random tokens, twice: weight from the second copy on what followed in the first."),
        "Olsson et al. 2022, section on prefix matching",
    ),
    Score(
        "repeated_duplicate",
        N_("duplicate token, repeated random tokens"),
        r"\operatorname{mean}_{i \geq m} A_{i,\,i-m}",
        N_("The same: weight on the same token in the first copy."),
        "Wang et al. 2022, section 3",
    ),
    Score(
        "repeated_previous",
        N_("previous token, repeated random tokens"),
        r"\operatorname{mean}_{i > 0} A_{i,\,i-1}",
        N_("The same: weight on the token before, of both copies."),
        "Olsson et al. 2022",
    ),
)
ALL: tuple[Score, ...] = (*SCORES, *REPEATED)
BY_NAME: dict[str, Score] = {score.name: score for score in ALL}
