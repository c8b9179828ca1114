"""Small handwritten folders of models with the formats' fixed headers."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def safetensors(header: Any, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(start: int, stop: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


SAFETENSORS = safetensors({"__metadata__": {"format": "pt"}, "w": tensor(0, 16, [2, 2])}, bytes(16))
GGUF = b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(8)
ONNX = b"\x08\x08" + b"\x12\x01x" + b"\x3a\x02\x0a\x00" + b"\x42\x02\x10\x15"


def new_model(place: Path, **more: bytes) -> Path:
    """A model with weights, a configuration and a card."""
    place.mkdir(parents=True)
    files = {
        "model.safetensors": SAFETENSORS,
        "config.json": json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}).encode(),
        "README.md": b"# Chat\n",
    }
    for name, data in (files | more).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return place
