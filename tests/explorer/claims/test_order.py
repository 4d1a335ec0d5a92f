"""Order and position, against networks of the library with eager attention, complex numbers and loops."""

import copy
import math

import numpy as np
import pytest
import torch
from transformers import GPTJConfig, GPTJForCausalLM

from explorer.claims import Verdict, claim, order
from explorer.lectures import q13_order, q14_sinusoids, q16_rotary
from explorer.positions import extrapolation, terms
from explorer.positions import order as orders
from explorer.positions.terms import PrincipalAngles
from models import attention


def eager(model, table):
    """The network with its own eager attention, in which every position adds the mean of the table."""
    network = copy.deepcopy(model.network).float()
    network.set_attn_implementation("eager")
    with torch.no_grad():
        weight = network.get_submodule(table).weight
        weight.copy_(weight.mean(0, keepdim=True).expand_as(weight))
    return network.eval()


def test_c9_outputs_move_with_the_tokens(opener):
    model = opener("zh-mini")
    network = eager(model, "bert.embeddings.position_embeddings")
    ids = torch.tensor([model.tokenizer("我爱你").input_ids])
    new = [0, 3, 2, 1, 4]  # [CLS] and [SEP] stay
    with torch.inference_mode():
        before, after = network.bert(ids).last_hidden_state[0], network.bert(ids[:, new]).last_hidden_state[0]
    assert float((after - before[new]).abs().max()) < 1e-5
    result = claim("C9").compute(opener)
    assert result["stayed"] == pytest.approx(float((after - before).abs().max()), rel=1e-4)
    assert result.verdict is Verdict.FAILS


def test_c9_would_hold_of_outputs_that_stay_where_they_are(opener, monkeypatch):
    own = orders.permuted

    def pooled(*args, **how):
        found = own(*args, **how)
        mean = np.broadcast_to(found.before.mean(axis=0), found.before.shape)
        return orders.Equivariance(found.labels, found.order, mean, mean, False, "")

    monkeypatch.setattr(orders, "permuted", pooled)
    assert claim("C9").compute(opener).verdict is Verdict.HOLDS


def test_c19_angles_by_singular_values(opener):
    network = opener("translate-mini").network
    tokens = network.model.shared.weight.detach().double().numpy()
    positions = network.model.encoder.embed_positions.weight.detach().double().numpy()
    leading = [np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2][:10] for rows in (tokens, positions)]
    angles = np.degrees(np.arccos(np.clip(np.linalg.svd(leading[0] @ leading[1].T, compute_uv=False), -1, 1)))
    result = claim("C19").compute(opener)
    assert result["smallest"] == pytest.approx(angles.min(), abs=0.1)
    assert result["mean"] == pytest.approx(angles.mean(), abs=0.1)
    assert result.verdict is Verdict.ONLY_IF


@pytest.mark.parametrize(("angles", "verdict"), [([90.0, 90.0], Verdict.HOLDS), ([10.0, 30.0], Verdict.FAILS), ([70.0, 85.0], Verdict.ONLY_IF)])
def test_c19_the_verdict_follows_the_angles(opener, monkeypatch, angles, verdict):
    monkeypatch.setattr(terms, "principal_angles", lambda _model: PrincipalAngles(np.array(angles), np.array([72.0, 84.0]), 256))
    assert claim("C19").compute(opener).verdict is verdict


def test_c20_rope_turns_and_alibi_lowers(opener):
    """By the toys themselves, which read one token four times: what of the first call depends on the position?"""
    said = {}
    for scheme in ("rope", "alibi"):
        network = orders.toy(scheme).network
        with attention.attending() as attended, torch.inference_mode():
            network(torch.tensor([[3, 3, 3, 3]]))
        call = attended.records[0]
        depends = [float(np.ptp(part[0, 0].numpy(), axis=0).max()) > 1e-5 for part in (call.query, call.key, call.value)]
        said[scheme] = (depends, call.bias is not None and float(np.ptp(call.bias.numpy())) > 0)
    assert said == {"rope": ([True, True, False], False), "alibi": ([False, False, False], True)}
    result = claim("C20").compute(opener)
    assert (result["rope"], result["alibi"], result["both"]) == (2, 1, 0)
    assert result.verdict is Verdict.FAILS


def test_c20_would_hold_if_both_changed_the_same(opener, monkeypatch):
    monkeypatch.setattr(q16_rotary, "where", lambda: np.ones((4, 5)))
    assert claim("C20").compute(opener).verdict is Verdict.HOLDS


def grown(scheme, times):
    curves = extrapolation.shipped()
    losses = {
        length: np.mean([one.loss for one in curves.readings if (one.scheme, one.length) == (scheme, length)])
        for length in (curves.trained, times * curves.trained)
    }
    return math.exp(losses[times * curves.trained]) / math.exp(losses[curves.trained]) - 1


def test_c20_and_c35_perplexity_by_the_readings_of_the_trainings(opener):
    result = claim("C20").compute(opener)
    assert [result["rope_loses"], result["alibi_loses"]] == pytest.approx([grown("rope", 4), grown("alibi", 4)])
    result = claim("C35").compute(opener)
    assert [result[scheme] for scheme in order.CLAIMED] == pytest.approx([grown(scheme, 8) for scheme in order.CLAIMED])
    assert result.verdict is Verdict.ONLY_IF


@pytest.mark.parametrize(("growth", "verdict"), [(0.0, Verdict.HOLDS), (3.0, Verdict.FAILS), (0.1, Verdict.ONLY_IF)])
def test_c35_the_verdict_follows_the_growth(monkeypatch, growth, verdict):
    monkeypatch.setattr(order, "_grown", lambda _scheme, _times: growth)
    assert claim("C35").compute(None).verdict is verdict


def test_c21_by_the_names_of_the_librarys_own_modules():
    result = claim("C21").compute(None)
    assert result["neo_table"] == 40 * 32 and result.verdict is Verdict.FAILS
    with torch.device("meta"):  # of the usual sizes
        neo, gptj, neox = (
            made(config())
            for made, config in (
                (order.GPTNeoForCausalLM, order.GPTNeoConfig),
                (GPTJForCausalLM, GPTJConfig),
                (order.GPTNeoXForCausalLM, order.GPTNeoXConfig),
            )
        )
    parameters = [{name.rpartition(".")[0].rpartition(".")[2] for name, _weight in network.named_parameters()} for network in (neo, gptj, neox)]
    assert ["wpe" in names for names in parameters] == [True, False, False]
    turning = [
        any("rotary" in name for name, _module in network.named_modules()) or hasattr(network.config, "rotary_dim")
        for network in (neo, gptj, neox)
    ]
    assert turning == [False, True, True]


def test_c21_would_hold_of_a_network_that_turns(monkeypatch):
    sizes = {"vocab_size": 32, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 40, "rotary_dim": 4, "bos_token_id": 2, "eos_token_id": 3}
    monkeypatch.setattr(order, "GPTNeoForCausalLM", lambda _config: GPTJForCausalLM(GPTJConfig(**sizes)))
    assert claim("C21").compute(None).verdict is Verdict.HOLDS


def test_c31_by_complex_numbers():
    """Pairs as complex numbers, position by position."""
    q, k = (vector.double().numpy() for vector in q16_rotary.drawn())
    q, k = q[0::2] + 1j * q[1::2], k[0::2] + 1j * k[1::2]
    speeds = 10000.0 ** (-np.arange(len(q)) / len(q))
    with_, without = {}, {}
    for m in range(64):
        for n in range(64):
            turned = np.exp(1j * m * speeds) * q, np.exp(1j * n * speeds) * k
            with_.setdefault(m - n, []).append((turned[0] * turned[1].conj()).sum().real)
            without.setdefault(m - n, []).append((turned[0] * turned[1]).sum().real)
    result = claim("C31").compute(None)
    assert max(np.ptp(scores) for scores in with_.values()) < 1e-9 and result["right"] < 1e-5
    assert result["written"] == pytest.approx(max(np.ptp(scores) for scores in without.values()), abs=1e-5)
    assert result.verdict is Verdict.ONLY_IF


def test_c31_would_hold_if_the_product_as_written_knew_the_distance(monkeypatch):
    monkeypatch.setattr(q16_rotary, "score_map", lambda query, key, conjugate: np.subtract.outer(np.arange(9.0), np.arange(9.0)))
    assert claim("C31").compute(None).verdict is Verdict.HOLDS


def test_c39_by_cosines():
    similarity = [sum(math.cos(k * 10000 ** (-2 * i / 512)) for i in range(256)) / 256 for k in range(1000)]
    rise = next(k for k in range(1000) if similarity[k + 1] > similarity[k])
    result = claim("C39").compute(None)
    assert result["rise"] == rise == 43
    assert result["next"] == pytest.approx(similarity[44])
    assert result["most"] == pytest.approx(max(similarity[j] - min(similarity[: j + 1]) for j in range(1000)))
    assert result.verdict is Verdict.FAILS


def test_c39_would_hold_of_a_ruler(monkeypatch):
    monkeypatch.setattr(q14_sinusoids, "likeness", lambda code: -np.arange(float(len(code))))
    assert claim("C39").compute(None).verdict is Verdict.HOLDS


@pytest.mark.parametrize(("layers", "depends"), [(1, False), (2, True), (6, True)])
def test_c48_the_next_word_depends_on_order_from_two_layers_on(opener, layers, depends):
    """By the library's own eager attention: probabilities of the next word, for the words before in both orders."""
    model = opener("gpt2-mini")
    network = eager(model, "transformer.wpe")
    network.transformer.h = network.transformer.h[:layers]
    ids = model.tokenizer("The old dog bites the young man again", return_tensors="pt").input_ids
    turned = torch.cat([ids[:, :-1].flip(1), ids[:, -1:]], dim=1)
    with torch.inference_mode():
        chances = [network(one).logits[0, -1].softmax(-1) for one in (ids, turned)]
    assert (float((chances[0] - chances[1]).abs().max()) > 1e-3) == depends
    assert claim("C48").compute(opener).verdict is Verdict.ONLY_IF


@pytest.mark.parametrize(("states", "verdict"), [([0, 0, 0, 0], Verdict.HOLDS), ([0, 0.3, 0.3, 0.3], Verdict.FAILS)])
def test_c48_the_verdict_follows_the_states(opener, monkeypatch, states, verdict):
    monkeypatch.setattr(q13_order, "last_token", lambda _model: states)
    assert claim("C48").compute(opener).verdict is verdict
