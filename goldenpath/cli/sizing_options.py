"""The options that `size` and `simulate` share, and reading their values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.models import model_catalogue, parse_config
from goldenpath.models.config_reader import MAX_CONFIG_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.models import Architecture

__all__ = [
    "model_options",
    "parse_engine",
    "parse_peak",
    "parse_rate",
    "parse_seconds",
    "peak_option",
    "read_model",
]

F = TypeVar("F", bound="Callable[..., Any]")

_RATE: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)/(?P<unit>s|min|h)", re.ASCII)
_TIME: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)(?P<unit>ms|s)", re.ASCII)
_PER_SECOND: Final = {"s": 1, "min": 60, "h": 3600}


def model_options(function: F) -> F:
    """``--model`` or ``--config``, the engine, precisions and context."""
    for option in reversed(
        (
            click.option(
                "--model", "model_id", metavar="ID", help="Model of the catalogue, by its Hugging Face id."
            ),
            click.option(
                "--config",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                metavar="FILE",
                help="config.json of any other model.",
            ),
            click.option(
                "--engine",
                default="vllm",
                show_default=True,
                metavar="NAME[@VERSION]",
                help="vllm, sglang or tensorrt-llm.",
            ),
            click.option(
                "--precision",
                metavar="NAME",
                help="Precision of the weights: bf16, fp8, int8, int4, mxfp4 or nvfp4. Default: the checkpoint's.",
            ),
            click.option(
                "--kv-precision", metavar="NAME", help="Precision of the KV cache: bf16 (default) or fp8."
            ),
            click.option(
                "--context",
                type=int,
                metavar="TOKENS",
                help="Longest sequence (max_model_len); at most 8192 by default.",
            ),
        )
    ):
        function = option(function)
    return function


def read_model(model_id: str | None, config: Path | None) -> Architecture:
    """The model that was named, or the one of a config.json."""
    if (model_id is None) is (config is None):
        raise click.UsageError("Give either --model or --config.")
    if config is None:
        return model_catalogue().get(model_id or "")
    with kubeyaml.open_regular(config) as stream:
        text = stream.read(MAX_CONFIG_BYTES + 1).decode("utf-8", errors="replace")
    return parse_config(text, name=config.name, source=str(config))


def parse_engine(text: str) -> tuple[str, str | None]:
    """``vllm@0.33.0`` as name and version."""
    name, _, version = text.partition("@")
    return name, version or None


def parse_rate(text: str, option: str = "--requests") -> float:
    """``4/s``, ``30/min`` or ``100/h`` in requests a second."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise InputError.of(option, "sizing-traffic", "must be a rate such as 4/s, 30/min or 100/h", text)
    return float(match["number"]) / _PER_SECOND[match["unit"]]


def peak_option(function: F) -> F:
    """``--peak``."""
    return click.option(
        "--peak",
        metavar="RATE",
        help="Requests that may come at once, such as 16/s, and must not wait until a replica has started.",
    )(function)


def parse_peak(text: str | None) -> float | None:
    """The rate of ``--peak``, where it is given."""
    return None if text is None else parse_rate(text, "--peak")


def parse_seconds(field: str, text: str | None) -> float | None:
    """``800ms`` or ``1.5s`` in seconds."""
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise InputError.of(f"--{field}", "sizing-goal", "must be a time such as 800ms or 1.5s", text)
    return float(match["number"]) / (1000 if match["unit"] == "ms" else 1)
