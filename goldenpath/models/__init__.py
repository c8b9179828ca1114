"""Model architectures: the facts of a ``config.json`` about memory and work, and a catalogue of published models.

::

    from goldenpath.models import model_catalogue, parse_config

    llama = model_catalogue().get("meta-llama/Llama-3.3-70B-Instruct")
    own = parse_config(Path("config.json").read_text(), name="our-model", source="config.json")

For: parameters by part (attention, experts, embeddings …), attention layers by kind (full, sliding, latent),
recurrent state, and quantisation with the parts that stay at 16 bit.

Not for: accelerators, engines, bytes on a device and time (``sizing``), and network access.
"""

from goldenpath.models.architecture import (
    Architecture,
    AttentionKind,
    AttentionLayers,
    Quantization,
    WeightPart,
)
from goldenpath.models.config_reader import parse_config, read_config
from goldenpath.models.model_catalogue import ModelCatalogue, model_catalogue
from goldenpath.models.quantization_config import kept_by_default

__all__ = [
    "Architecture",
    "AttentionKind",
    "AttentionLayers",
    "ModelCatalogue",
    "Quantization",
    "WeightPart",
    "kept_by_default",
    "model_catalogue",
    "parse_config",
    "read_config",
]
