"""The toy transformer: small networks trained from scratch, opened, shown and pruned like any pretrained model.

- `config`: its switches
- `model`: the network; `layers`: one layer of it, whose attention goes through `models.attention` like everybody's
- `positions`: sinusoids, RoPE, ALiBi, and which keys a query may see
- `rnn`: a recurrent network to set beside it
- `vocabulary`: tokenizers of whole words or single characters
- `handmade`: heads whose weights are set by a formula
- `parity`: GPT-2 and BERT as toys
- `tasks`: what toys are trained on

Importing this makes the Auto classes of transformers know the toys, so that `models.load` opens a folder of one.
"""

from transformers import AutoConfig, AutoModel

from models.toy.config import CHOICES, ToyConfig
from models.toy.model import ToyModel, ToyOutput
from models.toy.rnn import RnnConfig, ToyRnn

NETWORKS = {"ToyModel": ToyModel, "ToyRnn": ToyRnn}
"""By the name of the architecture in config.json."""

for _network in NETWORKS.values():
    AutoConfig.register(_network.config_class.model_type, _network.config_class)
    AutoModel.register(_network.config_class, _network)

__all__ = ["CHOICES", "NETWORKS", "RnnConfig", "ToyConfig", "ToyModel", "ToyOutput", "ToyRnn"]
