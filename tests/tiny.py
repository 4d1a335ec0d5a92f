"""Tiny random models of every supported architecture, made on the spot from their configs."""

import random
from pathlib import Path

import torch
import transformers as t
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from models.toy import ToyConfig, ToyModel

WORDS = [
    "the",
    "a",
    "cat",
    "dog",
    "sat",
    "on",
    "mat",
    "because",
    "it",
    "was",
    "warm",
    "where",
    "did",
    "they",
    "play",
    "in",
    "garden",
    ".",
    ",",
    "?",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_BERT = {"vocab_size": 32, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
_POSITIONS = {"max_position_embeddings": 40, "pad_token_id": 0}
_DECODER = {"vocab_size": 32, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
_BART = dict(d_model=24, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4)
_BART |= dict(encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=40, decoder_start_token_id=2, forced_eos_token_id=3)
_TOY = {**_DECODER, "d_model": 24, "max_length": 40, "decoder_start_token_id": 2}

CONFIGS = {
    "bert": lambda: t.BertForMaskedLM(t.BertConfig(**_BERT, **_POSITIONS)),
    "roberta": lambda: t.RobertaForMaskedLM(t.RobertaConfig(**_BERT, **_POSITIONS)),
    "distilbert": lambda: t.DistilBertForMaskedLM(t.DistilBertConfig(vocab_size=32, dim=24, n_layers=2, n_heads=4, hidden_dim=32, **_POSITIONS)),
    "electra": lambda: t.ElectraForPreTraining(t.ElectraConfig(**_BERT, embedding_size=16, **_POSITIONS)),
    "albert": lambda: t.AlbertForMaskedLM(t.AlbertConfig(**_BERT, embedding_size=16, **_POSITIONS)),
    "gpt2": lambda: t.GPT2LMHeadModel(t.GPT2Config(**_DECODER, n_embd=24, n_layer=2, n_head=4, n_positions=40)),
    "gpt_neox": lambda: t.GPTNeoXForCausalLM(t.GPTNeoXConfig(**_BERT, max_position_embeddings=40, **_tail())),
    "opt": lambda: t.OPTForCausalLM(
        t.OPTConfig(**_DECODER, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, ffn_dim=32, word_embed_proj_dim=24)
    ),
    "llama": lambda: t.LlamaForCausalLM(t.LlamaConfig(**_BERT, num_key_value_heads=2, max_position_embeddings=40, **_tail())),
    "t5": lambda: t.T5ForConditionalGeneration(
        t.T5Config(vocab_size=32, d_model=24, d_kv=6, d_ff=32, num_layers=2, num_heads=4, decoder_start_token_id=0, **_ends())
    ),
    "bart": lambda: t.BartForConditionalGeneration(t.BartConfig(**_DECODER, **_BART)),
    "marian": lambda: t.MarianMTModel(t.MarianConfig(**_DECODER, **_BART)),
    # Opens view-only: its attention is computed by code of its own.
    "falcon": lambda: t.FalconForCausalLM(t.FalconConfig(**_DECODER, hidden_size=24, num_hidden_layers=2, num_attention_heads=4)),
    "gpt_neo": lambda: t.GPTNeoForCausalLM(
        t.GPTNeoConfig(**_DECODER, hidden_size=24, num_layers=2, num_heads=4, attention_types=[[["global"], 2]], max_position_embeddings=40)
    ),
}
TOYS = {
    "toy": {},
    "toy_rope": {"positions": "rope", "d_k": 8, "ffn": 0},
    "toy_alibi": {"positions": "alibi", "norm": "post", "attention": "strided", "window": 2},
    "toy_mean": {"combine": "mean", "positions": "sinusoidal", "norm": "none", "attention": "global", "window": 1},
    "toy_linear": {"attention": "linear", "bias": False},
    "toy_encoder": {"causal": False, "attention": "window", "window": 3},
    "toy_sparsemax": {"causal": False, "attention": "sparsemax", "positions": "alibi", "tie_kv": True},
    "toy_pair": {"encoder_decoder": True},
}
CONFIGS |= {name: lambda switches=switches: ToyModel(ToyConfig(**_TOY | switches)) for name, switches in TOYS.items()}
ENCODERS = ["bert", "roberta", "distilbert", "electra", "albert", "toy_encoder", "toy_sparsemax"]
DECODERS = ["gpt2", "gpt_neox", "opt", "llama", "toy", "toy_rope", "toy_alibi", "toy_mean", "toy_linear"]
PAIRED = ["t5", "bart", "marian", "toy_pair"]
DISPATCHED = [*ENCODERS, *DECODERS, *PAIRED]


def _tail() -> dict:
    return {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def _ends() -> dict:
    return {"pad_token_id": 0, "eos_token_id": 3}


def network(name: str) -> torch.nn.Module:
    """A seeded network whose weights are spread out, so that its patterns are far from uniform."""
    torch.manual_seed(0)
    made = CONFIGS[name]().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return made


def tokenizer(name: str) -> t.PreTrainedTokenizerFast:
    """Whole words for most, bytes for GPT-2."""
    if name == "gpt2":
        backend = Tokenizer(models.BPE({c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, []))
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        backend.decoder = decoders.ByteLevel()
        return t.PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=40)
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(SPECIAL + WORDS)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if name in ENCODERS:
        frame = {"special_tokens": [("[CLS]", 2), ("[SEP]", 3)]}
        backend.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", **frame)
    elif name in PAIRED:
        backend.post_processor = processors.TemplateProcessing("$A [SEP]", special_tokens=[("[SEP]", 3)])
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return t.PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="[SEP]", **names)


LONG = 4096
"""Places of `save_long`."""


def save_long(folder: Path) -> Path:
    """A tiny llama that reads long texts: two layers of four heads, a token a word."""
    torch.manual_seed(0)
    made = t.LlamaForCausalLM(t.LlamaConfig(**_BERT, num_key_value_heads=2, max_position_embeddings=LONG, **_tail())).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    made.save_pretrained(folder)
    tokenizer("llama").save_pretrained(folder)
    return folder


def save_deep(folder: Path, layers: int = 64) -> Path:
    """A tiny llama of many layers that never ends a text by itself: one token takes long, though it is opened in a moment."""
    torch.manual_seed(0)
    config = t.LlamaConfig(
        **_BERT | {"num_hidden_layers": layers}, max_position_embeddings=LONG, pad_token_id=0, bos_token_id=2, eos_token_id=None
    )
    t.LlamaForCausalLM(config).eval().save_pretrained(folder)
    tokenizer("llama").save_pretrained(folder)
    return folder


def long_text(n: int, seed: int = 0) -> str:
    """So many words that its tokenizer knows, in an order that repeats nothing."""
    return " ".join(random.Random(seed).choices(WORDS, k=n))


def save(name: str, folder: Path) -> Path:
    made = network(name)
    if name == "gpt2":
        made.resize_token_embeddings(256)
    made.save_pretrained(folder)
    tokenizer(name).save_pretrained(folder)
    return folder
