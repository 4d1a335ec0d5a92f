"""The toy transformer once more, as slowly and plainly as can be: one example, numpy in double precision, loops over heads and rows."""

import math

import numpy as np

from models.toy import ToyModel


class Reference:
    """Logits (n, vocabulary) and, in the order of the forward pass, patterns (heads, query, key)."""

    def __init__(self, network: ToyModel, ids: list[int], target: list[int] | None = None) -> None:
        self.config = network.config
        self.weights = {name: t.double().numpy() for name, t in network.state_dict().items()}
        self.patterns: list[np.ndarray] = []
        x = self.embedded(ids)
        if self.config.encoder_decoder:
            source = self.stack(x, "transformer.encoder", causal=False)
            x = self.stack(self.embedded(target), "transformer.stack", causal=True, source=source)
        else:
            x = self.stack(x, "transformer.stack", causal=self.config.causal)
        if self.config.head == "bert":
            x = self.norm(self.activation(self.linear(x, "head.dense")), "head.norm")
        self.logits = self.linear(x, "lm_head")

    def embedded(self, ids: list[int]) -> np.ndarray:
        c, name = self.config, "transformer.embedding"
        rows = []
        for position, token in enumerate(ids):
            x = self.weights[f"{name}.token.weight"][token].copy()
            wave = [(math.cos if i % 2 else math.sin)(position / 10000 ** ((i - i % 2) / (c.d_model + c.d_model % 2))) for i in range(c.d_model)]
            if c.positions == "learned":
                x = x + self.weights[f"{name}.position.weight"][position]
            elif c.positions == "sinusoidal":
                x = x * c.d_model**0.5 + np.array(wave)
            elif c.positions == "sinusoidal-concat":
                x = self.weights[f"{name}.join.weight"] @ np.array([*(x * c.d_model**0.5), *wave])
            if c.token_types:
                x = x + self.weights[f"{name}.segment.weight"][0]
            rows.append(x)
        x = np.array(rows)
        return self.norm(x, f"{name}.norm") if c.embedding_norm else x

    def stack(self, x: np.ndarray, name: str, causal: bool, source: np.ndarray | None = None) -> np.ndarray:
        for layer in range(self.config.layers):
            at = f"{name}.layers.{layer}"
            x = self.sublayer(x, f"{at}.attention_norm", lambda h, at=at: self.attention(h, f"{at}.attention", causal))
            if source is not None:
                x = self.sublayer(x, f"{at}.cross_norm", lambda h, at=at: self.attention(h, f"{at}.cross_attention", False, source))
            if self.config.ffn:
                x = self.sublayer(
                    x, f"{at}.ffn_norm", lambda h, at=at: self.linear(self.activation(self.linear(h, f"{at}.ffn.widen")), f"{at}.ffn.narrow")
                )
        return self.norm(x, f"{name}.norm") if self.config.norm == "pre" else x

    def sublayer(self, x: np.ndarray, norm: str, function) -> np.ndarray:
        kind, kept = self.config.norm, x if self.config.residual else 0
        if kind == "pre":
            return kept + function(self.norm(x, norm))
        y = kept + function(x)
        return self.norm(y, norm) if kind == "post" else y

    def attention(self, x: np.ndarray, name: str, causal: bool, source: np.ndarray | None = None) -> np.ndarray:
        c = self.config
        d, width = c.head_dim, c.heads * c.head_dim
        if source is None:
            parts = np.split(self.linear(x, f"{name}.qkv"), [width, 2 * width], axis=1)
            queries, keys, values = parts if parts[2].size else (parts[0], parts[1], parts[1])
        else:
            queries, keys = self.linear(x, f"{name}.query"), self.linear(source, f"{name}.key")
            values = keys if c.tie_kv else self.linear(source, f"{name}.value")
        patterns, outputs = [], []
        for head in range(c.heads):
            own = slice(head * d, (head + 1) * d)
            q, k = (self.turned(t[:, own]) if c.positions == "rope" and source is None else t[:, own] for t in (queries, keys))
            pattern = np.zeros((len(q), len(k)))
            for i in range(len(q)):
                seen = [j for j in range(len(k)) if source is not None or self.sees(i, j, causal)]
                scale = {"sqrt": d**-0.5, "none": 1, "d_k": 1 / d}[c.scale]
                slope = 2 ** (-8 * (head + 1) / c.heads) if c.positions == "alibi" and source is None else 0
                scores = np.array([scale * q[i] @ k[j] - slope * abs(i - j) for j in seen])
                if c.attention == "sparsemax":
                    pattern[i, seen] = nearest_on_simplex(scores)
                    continue
                if c.attention == "linear":
                    weights = np.array([sum(positive(a) * positive(b) for a, b in zip(q[i], k[j], strict=True)) for j in seen])
                else:
                    weights = np.exp(scores - scores.max())
                pattern[i, seen] = weights / weights.sum()
            patterns.append(pattern)
            outputs.append(pattern @ values[:, own])
        self.patterns.append(np.array(patterns))
        joined = sum(outputs) / c.heads if c.combine == "mean" else np.concatenate(outputs, axis=1)
        return self.linear(joined, f"{name}.output") if c.output_projection else joined

    def turned(self, x: np.ndarray) -> np.ndarray:
        c, width = self.config, x.shape[1]
        turned = np.empty_like(x)
        for m in range(len(x)):
            for i in range(width // 2):
                angle = m / c.position_interpolation * c.rope_base ** (-2 * i / width)
                pair = complex(x[m, 2 * i], x[m, 2 * i + 1]) * complex(math.cos(angle), math.sin(angle))
                turned[m, 2 * i], turned[m, 2 * i + 1] = pair.real, pair.imag
        return turned

    def sees(self, i: int, j: int, causal: bool) -> bool:
        c = self.config
        if causal and j > i:
            return False
        if c.attention == "window":
            return abs(i - j) < c.window
        if c.attention == "strided":
            return abs(i - j) < c.window or (i - j) % c.window == 0
        if c.attention == "global":
            return i == j or i < c.window or j < c.window
        return True

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights.get(f"{name}.bias", 0)

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + self.config.norm_eps) * self.weights[f"{name}.weight"] + self.weights.get(f"{name}.bias", 0)

    def activation(self, x: np.ndarray) -> np.ndarray:
        return {
            "relu": lambda: np.maximum(x, 0),
            "gelu": lambda: 0.5 * x * (1 + np.vectorize(math.erf)(x / 2**0.5)),
            "gelu_new": lambda: 0.5 * x * (1 + np.tanh((2 / math.pi) ** 0.5 * (x + 0.044715 * x**3))),
            "silu": lambda: x / (1 + np.exp(-x)),
        }[self.config.activation]()


def positive(x: float) -> float:
    """elu(x) + 1."""
    return x + 1 if x > 0 else math.exp(x)


def nearest_on_simplex(scores: np.ndarray) -> np.ndarray:
    """The Euclidean projection on the simplex: the threshold is found by halving an interval."""
    low, high = scores.max() - 1, scores.max()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(scores - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(scores - low, 0)
