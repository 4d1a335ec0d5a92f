"""Which switches go together, and what is said where they do not."""

import pytest
from transformers import AutoConfig

from models import InputError
from models.toy import CHOICES, RnnConfig, ToyConfig


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        *(({name: "other"}, f"{name} is 'other'.*{choices[0]}") for name, choices in CHOICES.items()),
        ({"activation": "bump"}, "no activation 'bump'"),
        ({"heads": 3}, "64 does not divide into 3 heads"),
        ({"output_projection": False, "d_k": 8}, "32 numbers where the residual stream has 64"),
        ({"output_projection": False, "combine": "mean"}, "16 numbers.*d_k equal"),
        ({"encoder_decoder": True, "causal": False}, "learns nothing"),
        ({"positions": "rope", "d_k": 7}, "pairs.*even"),
        ({"position_interpolation": 2.0}, "Only RoPE"),
        ({"attention": "linear", "positions": "rope"}, "linear attention has none"),
        ({"attention": "linear", "positions": "alibi"}, "linear attention has none"),
        ({"attention": "window", "window": 1}, "only itself"),
        ({"layers": 0}, "layers is 0"),
        ({"d_k": 0}, "d_k is 0"),
        ({"max_length": 4}, "at least 8"),
        ({"ffn": 9}, "between 0 and 8"),
        ({"ffn": -1.0}, "between 0 and 8"),
        ({"dropout": 1.0}, "below 1"),
        ({"rope_base": 0.0}, "above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(switches, said):
    with pytest.raises(InputError, match=said) as error:
        ToyConfig(**switches)
    assert error.value.problem and error.value.advice


def test_transformers_finds_its_names():
    config = ToyConfig(layers=3, heads=2, d_model=20, max_length=50, encoder_decoder=True, init_std=0.1)
    assert (config.num_hidden_layers, config.num_attention_heads, config.hidden_size) == (3, 2, 20)
    assert config.is_encoder_decoder and config.tie_word_embeddings and config.initializer_range == 0.1
    assert (config.max_position_embeddings, config.encoder_layers, config.head_dim, config.ffn_width) == (50, 3, 10, 80)
    assert ToyConfig(positions="alibi").max_position_embeddings is None and ToyConfig().encoder_layers == 0
    assert ToyConfig(heads=3, d_k=5).head_dim == 5


def test_a_saved_config_comes_back(tmp_path):
    config = ToyConfig(task="recall", task_settings={"pairs": 4}, ffn=1.5, d_k=7, positions="none")
    config.save_pretrained(tmp_path)
    back = AutoConfig.from_pretrained(tmp_path)
    assert type(back) is ToyConfig and back.to_diff_dict() == config.to_diff_dict()
    assert (back.task_settings, back.ffn, back.d_k, back.positions) == ({"pairs": 4}, 1.5, 7, "none")


def test_two_configs_do_not_share_their_settings():
    first, second = ToyConfig(), ToyConfig()
    first.task_settings["length"] = 3
    assert second.task_settings == {}


def test_a_recurrent_network_of_two_sides_is_refused():
    with pytest.raises(InputError, match="two sides"):
        RnnConfig.like(ToyConfig(encoder_decoder=True))
    with pytest.raises(InputError, match="two directions"):
        RnnConfig(d_model=7, causal=False)
