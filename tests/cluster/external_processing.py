"""The calls that a gateway and a kubelet make to an endpoint picker: gRPC, by curl, with messages written byte by byte.

``ProcessingRequest`` is Envoy's ``external_processor.proto``; ``HealthCheckRequest`` is gRPC's ``health.proto``.
"""

from __future__ import annotations

import re
import subprocess

_PROCESS = "envoy.service.ext_proc.v3.ExternalProcessor/Process"
_CHECK = "grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"
_CHOSEN = re.compile(rb"x-gateway-destination-endpoint[^0-9]{1,8}([0-9.]+:[0-9]+)")


def is_serving(port: int, service: str) -> bool:
    """The result of a readiness probe."""
    return _SERVING in _call(f"http://127.0.0.1:{port}/{_CHECK}", _field(1, service.encode()))


def chosen_server(port: int, body: bytes) -> str:
    """Address and port of the server that the picker names for a request to complete a text; empty where it names none."""
    headers = {":method": "POST", ":path": "/v1/completions", "content-type": "application/json"}
    values = b"".join(
        _field(1, _field(1, key.encode()) + _field(3, value.encode())) for key, value in headers.items()
    )
    first = _field(2, _field(1, values))
    whole = _field(4, _field(1, body) + b"\x10\x01")
    found = _CHOSEN.search(_call(f"https://127.0.0.1:{port}/{_PROCESS}", first, whole))
    return found[1].decode() if found else ""


def _call(url: str, *messages: bytes) -> bytes:
    # The picker's certificate is its own.
    secure = ["--insecure", "--http2"] if url.startswith("https") else ["--http2-prior-knowledge"]
    options = ["--silent", "--max-time", "10", "--data-binary", "@-", *secure]
    headers = ["--header", "Content-Type: application/grpc", "--header", "TE: trailers"]
    asked = b"".join(b"\0" + len(each).to_bytes(4) + each for each in messages)
    return subprocess.run(
        ["curl", *options, *headers, url], input=asked, capture_output=True, check=False
    ).stdout


def _field(number: int, value: bytes) -> bytes:
    """A field whose value has a length: text, bytes, or a message."""
    length, size = len(value), b""
    while length > 127:
        size, length = size + bytes([length % 128 + 128]), length // 128
    return bytes([number * 8 + 2]) + size + bytes([length]) + value
