"""Checks the headers of weights in safetensors, GGUF and ONNX. It reads a bounded part of each file.

Read in November 2026: safetensors 0.8 (`safetensors/src/tensor.rs`), GGUF 3 (`ggml/docs/gguf.md`), ONNX 1.23
(`onnx/onnx.proto`).
"""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from goldenpath.errors import GoldenpathError
from goldenpath.kubeyaml import unique_keys

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HEADER_CHECKS", "WrongHeaderError", "holds_pickle"]

_MAX_SAFETENSORS_HEADER: Final = 100_000_000
"""The limit of the safetensors library."""
_DTYPE_BITS: Final = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
_GGUF_VERSIONS: Final = (2, 3)
_MAX_GGUF_TENSORS: Final = 1 << 20
_MAX_GGUF_KEYS: Final = 1 << 16
_WIRE_VARINT, _WIRE_64, _WIRE_BYTES, _WIRE_32 = 0, 1, 2, 5
_ONNX_FIELDS: Final = {
    1: _WIRE_VARINT,  # ir_version
    2: _WIRE_BYTES,  # producer_name
    3: _WIRE_BYTES,  # producer_version
    4: _WIRE_BYTES,  # domain
    5: _WIRE_VARINT,  # model_version
    6: _WIRE_BYTES,  # doc_string
    7: _WIRE_BYTES,  # graph
    8: _WIRE_BYTES,  # opset_import
    14: _WIRE_BYTES,  # metadata_props
    20: _WIRE_BYTES,  # training_info
    25: _WIRE_BYTES,  # functions
    26: _WIRE_BYTES,  # configuration
}
_ONNX_IR: Final = range(1, 64)
_GRAPH: Final = 7
_MAX_VARINT: Final = 10
# PROTO; an empty list, dict or tuple that goes into the memo; and GLOBAL with the opcode after it, because a text may
# also begin with "c".
_PICKLE_START: Final = re.compile(
    rb"\x80[\x02-\x05]|\([dl]p\d+\n|[}\])]q.|c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n(?:\(|p\d+\n|q.)", re.DOTALL
)
_ZIP: Final = b"PK\x03\x04"


class WrongHeaderError(GoldenpathError):
    """The bytes of a file do not have the format of its suffix."""


def _safetensors(file: BinaryIO, size: int) -> None:
    if size < 8:  # noqa: PLR2004 - the length itself
        raise WrongHeaderError("is too short for safetensors")
    (length,) = struct.unpack("<Q", file.read(8))
    if length > min(_MAX_SAFETENSORS_HEADER, size - 8):
        raise WrongHeaderError(
            f"has a safetensors header of {length:,} bytes, more than the file or the format allows"
        )
    try:
        text = file.read(length).decode()
        header: Any = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        raise WrongHeaderError("has a safetensors header that is not JSON, or repeats a key") from None
    if not isinstance(header, dict) or not text.startswith("{"):
        raise WrongHeaderError("has a safetensors header that is not a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(each, str) for each in metadata.values()):
        raise WrongHeaderError("has safetensors metadata that is not text")
    spans = sorted(_span(name, tensor) for name, tensor in header.items())
    end = 0
    for start, stop in spans:
        if start != end:
            raise WrongHeaderError("has safetensors data that no tensor describes, or that two tensors share")
        end = stop
    if end != size - 8 - length:
        raise WrongHeaderError("has bytes after the last tensor, or ends before the end of the tensor")


def _span(name: str, tensor: Any) -> tuple[int, int]:
    """The first and the last offset of a tensor's data."""
    match tensor:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(stop)]} if (
            dtype in _DTYPE_BITS
            and all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in shape)
            and 0 <= start <= stop
        ):
            bits = _DTYPE_BITS[dtype]
            for each in shape:
                bits *= each
                if bits > 8 * (stop - start) and each and 0 not in shape:
                    break
            if bits == 8 * (stop - start):
                return start, stop
            raise WrongHeaderError(f"has a tensor {name[:80]!r} whose shape and data_offsets differ in size")
        case _:
            raise WrongHeaderError(
                f"has a tensor {name[:80]!r} without a known dtype, shape and data_offsets"
            )


def _gguf(file: BinaryIO, size: int) -> None:
    head = file.read(24)
    if len(head) < 24 or not head.startswith(b"GGUF"):  # noqa: PLR2004 - the fixed part
        raise WrongHeaderError("does not begin with a GGUF header")
    version, tensors, keys = struct.unpack("<IQQ", head[4:])
    if version not in _GGUF_VERSIONS:
        raise WrongHeaderError(
            f"has the GGUF version {version}; the known versions are {', '.join(map(str, _GGUF_VERSIONS))}"
        )
    if tensors > _MAX_GGUF_TENSORS or keys > _MAX_GGUF_KEYS or tensors + keys > size:
        raise WrongHeaderError(
            f"claims {tensors:,} tensors and {keys:,} keys, more than such a file can have"
        )


def _onnx(file: BinaryIO, size: int) -> None:
    """Check that each top-level field is a field of an ONNX model, and that one is the graph. Skip nested messages."""
    at = 0
    seen: set[int] = set()
    while at < size:
        tag, at = _varint(file, at)
        number, wire = tag >> 3, tag & 7
        if _ONNX_FIELDS.get(number) != wire:
            raise WrongHeaderError(f"is not an ONNX model: it has the field {number} of the wire type {wire}")
        value, at = _varint(file, at)
        if number == 1 and value not in _ONNX_IR:
            raise WrongHeaderError(f"has the ONNX IR version {value:,}, which does not exist")
        if wire == _WIRE_BYTES:
            at += value
            if at > size:
                raise WrongHeaderError("ends within a field of the ONNX model")
            file.seek(at)
        seen.add(number)
    if not {1, _GRAPH} <= seen:
        raise WrongHeaderError("is not an ONNX model: it lacks the IR version or the graph")


def _varint(file: BinaryIO, at: int) -> tuple[int, int]:
    value = 0
    for count in range(_MAX_VARINT):
        byte = file.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << (7 * count)
        if byte[0] < 0x80:  # noqa: PLR2004 - the last byte of a varint
            return value, at + count + 1
    raise WrongHeaderError("is not an ONNX model: a number is too long or cut off")


HEADER_CHECKS: Final[dict[str, Callable[[BinaryIO, int], None]]] = {
    ".safetensors": _safetensors,
    ".gguf": _gguf,
    ".onnx": _onnx,
}
"""The check of each allowed suffix of weights. A check reads a file from its start, and gets the size of the file.

Each raises :class:`WrongHeaderError`.
"""


def holds_pickle(start: bytes) -> bool:
    """Whether a file begins with the bytes of a pickle, or of a ZIP archive, which could hold a pickle."""
    return start.startswith(_ZIP) or _PICKLE_START.match(start) is not None
