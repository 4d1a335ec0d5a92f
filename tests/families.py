"""Tiny random models of the hub's most used families, and how each is to open; those of `tests.tiny` are tested further.

The table under "Which models" of the README is made of this: `python -m tests.families` prints it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers as t

import models
from tests import tiny

VOCABULARY = 32
_ENDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
_STACK = {"vocab_size": VOCABULARY, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
_ENCODER = {**_STACK, "max_position_embeddings": 40, "pad_token_id": 0}
_OFFSET = {**_ENCODER, "pad_token_id": 1}
"""Positions are counted from behind the padding token."""
_DECODER = {**_ENCODER, **_ENDS}
_GROUPED = {**_DECODER, "num_key_value_heads": 2}
_GPT = {"vocab_size": VOCABULARY, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 40}
_XLM = {"vocab_size": VOCABULARY, "emb_dim": 24, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 40}
_PAIR = {
    **{"vocab_size": VOCABULARY, "d_model": 24, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4},
    **{"decoder_attention_heads": 4, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 40},
    **{"decoder_start_token_id": 2, **_ENDS},
}
_T5 = {"vocab_size": VOCABULARY, "d_model": 24, "d_kv": 6, "num_layers": 2, "num_heads": 4, "d_ff": 32, "decoder_start_token_id": 0}


@dataclass(frozen=True)
class Family:
    """One architecture.

    Attributes:
        title: for a reader, with models of the hub that many use.
        make: the network, with weights of its own choice.
        refused: part of the message with which it is refused; "" where it opens.
        view_only: whether its weights can be seen only.
    """

    title: str
    make: Callable[[], torch.nn.Module]
    refused: str = ""
    view_only: bool = False


FAMILIES: dict[str, Family] = {
    # Encoders
    "bert": Family("BERT", lambda: t.BertForMaskedLM(t.BertConfig(**_ENCODER))),
    "roberta": Family("RoBERTa", lambda: t.RobertaForMaskedLM(t.RobertaConfig(**_OFFSET))),
    "xlm-roberta": Family("XLM-R, multilingual-e5, bge-m3", lambda: t.XLMRobertaForMaskedLM(t.XLMRobertaConfig(**_OFFSET))),
    "xlm-roberta-xl": Family("XLM-R XL", lambda: t.XLMRobertaXLForMaskedLM(t.XLMRobertaXLConfig(**_OFFSET))),
    "camembert": Family("CamemBERT", lambda: t.CamembertForMaskedLM(t.CamembertConfig(**_OFFSET))),
    "roberta-prelayernorm": Family("RoBERTa-PreLayerNorm", lambda: t.RobertaPreLayerNormForMaskedLM(t.RobertaPreLayerNormConfig(**_OFFSET))),
    "data2vec": Family("Data2Vec-Text", lambda: t.Data2VecTextForMaskedLM(t.Data2VecTextConfig(**_OFFSET))),
    "mpnet": Family("MPNet, all-mpnet-base-v2", lambda: t.MPNetForMaskedLM(t.MPNetConfig(**_OFFSET))),
    "distilbert": Family("DistilBERT", tiny.CONFIGS["distilbert"]),
    "electra": Family("ELECTRA", tiny.CONFIGS["electra"]),
    "albert": Family("ALBERT", tiny.CONFIGS["albert"]),
    "ernie": Family("ERNIE", lambda: t.ErnieForMaskedLM(t.ErnieConfig(**_ENCODER))),
    "mobilebert": Family(
        "MobileBERT",
        lambda: t.MobileBertForMaskedLM(t.MobileBertConfig(**{**_ENCODER, "hidden_size": 32}, embedding_size=16, intra_bottleneck_size=32)),
    ),
    "layoutlm": Family("LayoutLM (text alone)", lambda: t.LayoutLMForMaskedLM(t.LayoutLMConfig(**_ENCODER))),
    "modernbert": Family(
        "ModernBERT",
        lambda: t.ModernBertForMaskedLM(
            t.ModernBertConfig(**_DECODER, cls_token_id=2, sep_token_id=3, local_attention=4, global_attn_every_n_layers=2)
        ),
    ),
    "eurobert": Family("EuroBERT", lambda: t.EuroBertForMaskedLM(t.EuroBertConfig(**_GROUPED))),
    "nomic": Family("NomicBERT", lambda: t.NomicBertModel(t.NomicBertConfig(**_ENCODER))),
    "esm": Family(
        "ESM-2", lambda: t.EsmForMaskedLM(t.EsmConfig(**_OFFSET, mask_token_id=4, position_embedding_type="rotary", token_dropout=False))
    ),
    "deberta-v2": Family(
        "DeBERTa v2 and v3",
        lambda: t.DebertaV2ForMaskedLM(
            t.DebertaV2Config(**_ENCODER, relative_attention=True, pos_att_type=["p2c", "c2p"], share_att_key=True, position_buckets=4)
        ),
    ),
    "deberta": Family(
        "DeBERTa (the first)",
        lambda: t.DebertaForMaskedLM(t.DebertaConfig(**_ENCODER, relative_attention=True, pos_att_type=["p2c", "c2p"])),
        view_only=True,
    ),
    "bigbird": Family(
        "BigBird, as far as it attends to all tokens",
        lambda: t.BigBirdForMaskedLM(
            t.BigBirdConfig(**_DECODER, sep_token_id=3, attention_type="block_sparse", block_size=4, num_random_blocks=1)
        ),
        view_only=True,
    ),
    "xlnet": Family(
        "XLNet", lambda: t.XLNetLMHeadModel(t.XLNetConfig(vocab_size=VOCABULARY, d_model=24, n_layer=2, n_head=4, d_inner=32)), view_only=True
    ),
    "xlm": Family(
        "XLM",
        lambda: t.XLMWithLMHeadModel(t.XLMConfig(**_XLM)),
        view_only=True,
    ),
    "flaubert": Family(
        "FlauBERT",
        lambda: t.FlaubertWithLMHeadModel(t.FlaubertConfig(**_XLM)),
        view_only=True,
    ),
    "rembert": Family(
        "RemBERT", lambda: t.RemBertForMaskedLM(t.RemBertConfig(**_ENCODER, input_embedding_size=16, output_embedding_size=16)), view_only=True
    ),
    "luke": Family("LUKE", lambda: t.LukeForMaskedLM(t.LukeConfig(**_OFFSET, entity_vocab_size=8, entity_emb_size=8)), view_only=True),
    "ibert": Family("I-BERT", lambda: t.IBertForMaskedLM(t.IBertConfig(**_OFFSET)), view_only=True),
    "convbert": Family(
        "ConvBERT",
        lambda: t.ConvBertForMaskedLM(t.ConvBertConfig(**_ENCODER, embedding_size=24, head_ratio=2, conv_kernel_size=3)),
        view_only=True,
    ),
    "longformer": Family("Longformer", lambda: t.LongformerForMaskedLM(t.LongformerConfig(**_ENCODER, attention_window=4)), "windows"),
    "funnel": Family(
        "Funnel",
        lambda: t.FunnelForMaskedLM(t.FunnelConfig(vocab_size=VOCABULARY, d_model=24, n_head=4, d_head=6, d_inner=32, block_sizes=[1, 1])),
        "merged tokens",
    ),
    "squeezebert": Family(
        "SqueezeBERT",
        lambda: t.SqueezeBertForMaskedLM(
            t.SqueezeBertConfig(
                **_ENCODER,
                **{"embedding_size": 24, "q_groups": 2, "k_groups": 2, "v_groups": 2},
                **{"post_attention_groups": 1, "intermediate_groups": 2, "output_groups": 2},
            )
        ),
        "scores before the softmax",
    ),
    "fnet": Family(
        "FNet",
        lambda: t.FNetForMaskedLM(t.FNetConfig(vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=2, intermediate_size=32)),
        "mix tokens in another way",
    ),
    "canine": Family("CANINE", lambda: t.CanineModel(t.CanineConfig(**_ENCODER, num_hash_buckets=16, local_transformer_stride=8)), "tokens"),
    # Decoders
    "gpt2": Family("GPT-2", tiny.CONFIGS["gpt2"]),
    "openai-gpt": Family("OpenAI GPT", lambda: t.OpenAIGPTLMHeadModel(t.OpenAIGPTConfig(**_GPT)), view_only=True),
    "gpt-neo": Family(
        "GPT-Neo, TinyStories",
        lambda: t.GPTNeoForCausalLM(
            t.GPTNeoConfig(
                **{"vocab_size": VOCABULARY, "hidden_size": 24, "num_layers": 2, "num_heads": 4, "max_position_embeddings": 40},
                **{"attention_types": [[["global", "local"], 1]], "window_size": 3, **_ENDS},
            )
        ),
    ),
    "gptj": Family("GPT-J", lambda: t.GPTJForCausalLM(t.GPTJConfig(**_GPT, **_ENDS, rotary_dim=4))),
    "codegen": Family("CodeGen", lambda: t.CodeGenForCausalLM(t.CodeGenConfig(**{**_GPT, "n_embd": 32}, **_ENDS, rotary_dim=4))),
    "gpt-bigcode": Family("StarCoder, SantaCoder", lambda: t.GPTBigCodeForCausalLM(t.GPTBigCodeConfig(**_GPT, **_ENDS))),
    "gpt-neox": Family("GPT-NeoX, Pythia", tiny.CONFIGS["gpt_neox"]),
    "opt": Family("OPT", tiny.CONFIGS["opt"]),
    "bloom": Family("BLOOM", lambda: t.BloomForCausalLM(t.BloomConfig(vocab_size=VOCABULARY, hidden_size=24, n_layer=2, n_head=4, **_ENDS))),
    "mpt": Family("MPT", lambda: t.MptForCausalLM(t.MptConfig(vocab_size=VOCABULARY, d_model=24, n_layers=2, n_heads=4, max_seq_len=40))),
    "falcon": Family(
        "Falcon",
        lambda: t.FalconForCausalLM(t.FalconConfig(vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, **_ENDS)),
        view_only=True,
    ),
    "llama": Family("Llama, SmolLM2", lambda: t.LlamaForCausalLM(t.LlamaConfig(**_GROUPED))),
    "mistral": Family("Mistral", lambda: t.MistralForCausalLM(t.MistralConfig(**_GROUPED, sliding_window=4))),
    "mixtral": Family("Mixtral", lambda: t.MixtralForCausalLM(t.MixtralConfig(**_GROUPED, num_local_experts=2, num_experts_per_tok=1))),
    "phi": Family("Phi 1 and 2", lambda: t.PhiForCausalLM(t.PhiConfig(**{**_DECODER, "hidden_size": 32}))),
    "phi3": Family("Phi 3 and 4", lambda: t.Phi3ForCausalLM(t.Phi3Config(**_GROUPED))),
    "gemma2": Family("Gemma 2", lambda: t.Gemma2ForCausalLM(t.Gemma2Config(**_GROUPED, head_dim=8, sliding_window=4))),
    "gemma3": Family("Gemma 3 (text)", lambda: t.Gemma3ForCausalLM(t.Gemma3TextConfig(**_GROUPED, head_dim=8, sliding_window=4))),
    "qwen2": Family("Qwen 2 and 2.5", lambda: t.Qwen2ForCausalLM(t.Qwen2Config(**_GROUPED))),
    "qwen3": Family("Qwen 3", lambda: t.Qwen3ForCausalLM(t.Qwen3Config(**_GROUPED, head_dim=8))),
    "olmo": Family("OLMo", lambda: t.OlmoForCausalLM(t.OlmoConfig(**_GROUPED))),
    "olmo2": Family("OLMo 2", lambda: t.Olmo2ForCausalLM(t.Olmo2Config(**_GROUPED))),
    "stablelm": Family("StableLM", lambda: t.StableLmForCausalLM(t.StableLmConfig(**_GROUPED))),
    "starcoder2": Family("StarCoder2", lambda: t.Starcoder2ForCausalLM(t.Starcoder2Config(**_GROUPED))),
    "cohere": Family("Command R", lambda: t.CohereForCausalLM(t.CohereConfig(**_GROUPED))),
    "granite": Family("Granite", lambda: t.GraniteForCausalLM(t.GraniteConfig(**_GROUPED))),
    "smollm3": Family("SmolLM3", lambda: t.SmolLM3ForCausalLM(t.SmolLM3Config(**_GROUPED))),
    "gpt-oss": Family(
        "gpt-oss",
        lambda: t.GptOssForCausalLM(t.GptOssConfig(**_GROUPED, head_dim=8, num_local_experts=2, num_experts_per_tok=1, sliding_window=4)),
    ),
    "ctrl": Family("CTRL", lambda: t.CTRLLMHeadModel(t.CTRLConfig(**_GPT, dff=32))),
    "jamba": Family(
        "Jamba (its attention layers)",
        lambda: t.JambaForCausalLM(
            t.JambaConfig(
                **{**_GROUPED, "num_experts": 2, "attn_layer_period": 2, "attn_layer_offset": 1},
                **{"use_mamba_kernels": False, "mamba_d_state": 4, "mamba_dt_rank": 4},
            )
        ),
    ),
    "bamba": Family(
        "Bamba, Granite 4 (their attention layers)",
        lambda: t.BambaForCausalLM(
            t.BambaConfig(
                **{**_GROUPED, "attn_layer_indices": [1], "mamba_n_heads": 4},
                **{"mamba_d_head": 12, "mamba_d_state": 4, "mamba_n_groups": 1},
            )
        ),
    ),
    "lfm2": Family("LFM2 (its attention layers)", lambda: t.Lfm2ForCausalLM(t.Lfm2Config(**_GROUPED, layer_types=["conv", "full_attention"]))),
    "diffllama": Family("DiffLlama", lambda: t.DiffLlamaForCausalLM(t.DiffLlamaConfig(**_GROUPED)), "attends 4 times in 2 layers"),
    "mamba": Family(
        "Mamba",
        lambda: t.MambaForCausalLM(t.MambaConfig(vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=2, state_size=4)),
        "another way",
    ),
    "rwkv": Family("RWKV", lambda: t.RwkvForCausalLM(t.RwkvConfig(vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=2)), "3 axes"),
    # Two stacks
    "t5": Family("T5, Flan-T5", tiny.CONFIGS["t5"]),
    "t5-deeper": Family("T5 with a deeper decoder", lambda: t.T5ForConditionalGeneration(t.T5Config(**_T5, num_decoder_layers=3))),
    "mt5": Family("mT5", lambda: t.MT5ForConditionalGeneration(t.MT5Config(**_T5))),
    "umt5": Family("UMT5", lambda: t.UMT5ForConditionalGeneration(t.UMT5Config(**_T5))),
    "bart": Family("BART", tiny.CONFIGS["bart"]),
    "mbart": Family("mBART", lambda: t.MBartForConditionalGeneration(t.MBartConfig(**_PAIR))),
    "marian": Family("Marian, opus-mt", tiny.CONFIGS["marian"]),
    "m2m100": Family("M2M100, NLLB", lambda: t.M2M100ForConditionalGeneration(t.M2M100Config(**_PAIR))),
    "pegasus": Family("Pegasus", lambda: t.PegasusForConditionalGeneration(t.PegasusConfig(**_PAIR))),
    "blenderbot": Family("Blenderbot", lambda: t.BlenderbotForConditionalGeneration(t.BlenderbotConfig(**_PAIR))),
    "led": Family(
        "LED",
        lambda: t.LEDForConditionalGeneration(
            t.LEDConfig(
                **{name: value for name, value in _PAIR.items() if name != "max_position_embeddings"},
                **{"attention_window": 4, "max_encoder_position_embeddings": 40, "max_decoder_position_embeddings": 40},
            )
        ),
        "windows",
    ),
    "longt5": Family("LongT5", lambda: t.LongT5ForConditionalGeneration(t.LongT5Config(**_T5, local_radius=3)), "encoder"),
}


def save(name: str, folder: Path) -> Path:
    """A seeded model of a family in a folder, weights spread out, with a tokenizer of whole words."""
    torch.manual_seed(0)
    network = FAMILIES[name].make().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(folder)
    tiny.tokenizer("bert" if not network.config.is_encoder_decoder else "t5").save_pretrained(folder)
    return folder


def outcome(name: str, folder: Path) -> str:
    """How it opens: "whole", "view-only", or why it does not."""
    try:
        model = models.load(save(name, folder), device="cpu")
    except models.ModelError as error:
        return error.problem
    return "view-only" if model.view_only else "whole"


def table() -> str:
    """What opens how, as Markdown: tried here and now."""
    found: dict[str, list[str]] = {}
    for name, family in FAMILIES.items():
        with tempfile.TemporaryDirectory() as folder:
            how = outcome(name, Path(folder))
        found.setdefault(how if how in ("whole", "view-only") else "refused", []).append(family.title)
    titles = {"whole": "seen and changed", "view-only": "seen only", "refused": "refused, with the reason"}
    rows = [f"| {title} | {'; '.join(found.get(how, ['none']))} |" for how, title in titles.items()]
    return "\n".join(["| opens | families |", "|---|---|", *rows])


if __name__ == "__main__":
    print(table())
