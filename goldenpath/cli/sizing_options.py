"""The options that `size` and `simulate` share: a model, an accelerator, a traffic and a goal."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from goldenpath import kubeyaml
from goldenpath.cli import completion_items
from goldenpath.cli.base_command import file_option, together
from goldenpath.errors import InputError
from goldenpath.models import model_catalogue, parse_config
from goldenpath.models.config_reader import MAX_CONFIG_BYTES
from goldenpath.sizing import LatencyLimits, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from goldenpath.models import Architecture

__all__ = ["SizingArguments", "sizing_options"]

F = TypeVar("F", bound="Callable[..., Any]")

_RATE: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)/(?P<unit>s|min|h)", re.ASCII)
_TIME: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)(?P<unit>ms|s)", re.ASCII)
_PER_SECOND: Final = {"s": 1, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class SizingArguments:
    """The values of the shared options, as the person wrote them."""

    model_id: str | None
    config: Path | None
    engine: str
    precision: str | None
    kv_precision: str | None
    context: int | None
    profile: str | None
    requests: str | None
    tokens_in: int | None
    tokens_out: int | None
    peak: str | None
    ttft: str | None
    itl: str | None

    @property
    def is_empty(self) -> bool:
        """Whether no option is set, apart from the engine, which has a default."""
        return all(getattr(self, each.name) is None for each in fields(self) if each.name != "engine")

    @property
    def engine_version(self) -> tuple[str, str | None]:
        """Name and version of ``vllm@0.33.0``."""
        name, _, version = self.engine.partition("@")
        return name, version or None

    @property
    def settings(self) -> dict[str, Any]:
        """Keyword arguments of ``size``."""
        return {"precision": self.precision, "kv_precision": self.kv_precision, "context": self.context}

    def model(self) -> Architecture:
        """Read the model of the catalogue, or of a config.json.

        Raises:
            click.UsageError: both options are set, or neither.
            InputError: the model is unknown, or its configuration is not valid.
        """
        if (self.model_id is None) is (self.config is None):
            raise click.UsageError("Give either --model or --config.")
        if self.config is None:
            return model_catalogue().get(self.model_id or "")
        with kubeyaml.open_regular(self.config) as stream:
            text = stream.read(MAX_CONFIG_BYTES + 1).decode("utf-8", errors="replace")
        return parse_config(text, name=self.config.name, source=str(self.config))

    def traffic(self) -> Traffic:
        """Parse the traffic.

        Raises:
            click.UsageError: a required option is missing.
            InputError: a rate is not valid.
        """
        if self.requests is None or self.tokens_in is None or self.tokens_out is None:
            raise click.UsageError("Give --requests, --input and --output.")
        peak = None if self.peak is None else _rate("--peak", self.peak)
        return Traffic(_rate("--requests", self.requests), self.tokens_in, self.tokens_out, peak)

    def goal(self) -> LatencyLimits:
        """Parse the goal.

        Raises:
            InputError: a time is not valid.
        """
        return LatencyLimits(_seconds("--ttft", self.ttft), _seconds("--itl", self.itl))


def sizing_options(*, required: bool) -> Callable[[F], F]:
    """Add the shared options, which the command gets as ``asked``; ``required`` demands the traffic."""

    def decorate(function: F) -> F:
        @wraps(function)
        def with_arguments(*arguments: Any, **options: Any) -> Any:
            given = {each.name: options.pop(each.name) for each in fields(SizingArguments)}
            return function(*arguments, asked=SizingArguments(**given), **options)

        return cast("F", together(*_model_options(), *_traffic_options(required))(with_arguments))

    return decorate


def _model_options() -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option(
            "--model", "model_id", metavar="ID", help="Model of the catalogue, by its Hugging Face id."
        ),
        file_option("--config", exists=True, help="config.json of any other model."),
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
        click.option(
            "--profile",
            metavar="PROFILE",
            shell_complete=completion_items.profiles,
            help="Accelerator or partition (`goldenpath profiles`).",
        ),
    )


def _traffic_options(required: bool) -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option(
            "--requests", required=required, metavar="RATE", help="Mean request rate, such as 4/s or 30/min."
        ),
        click.option(
            "--input",
            "tokens_in",
            required=required,
            type=int,
            metavar="TOKENS",
            help="Mean length of a prompt.",
        ),
        click.option(
            "--output",
            "tokens_out",
            required=required,
            type=int,
            metavar="TOKENS",
            help="Mean length of an answer.",
        ),
        click.option(
            "--peak",
            metavar="RATE",
            help="Request rate of a sudden peak, such as 16/s, which must not wait for a replica to start.",
        ),
        click.option("--ttft", metavar="TIME", help="Goal for the mean time to first token, such as 800ms."),
        click.option("--itl", metavar="TIME", help="Goal for the mean time between tokens, such as 40ms."),
    )


def _rate(option: str, text: str) -> float:
    """``4/s``, ``30/min`` or ``100/h`` as requests per second."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise InputError.of(option, "sizing-traffic", "must be a rate such as 4/s, 30/min or 100/h", text)
    return float(match["number"]) / _PER_SECOND[match["unit"]]


def _seconds(option: str, text: str | None) -> float | None:
    """``800ms`` or ``1.5s`` in seconds."""
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise InputError.of(option, "sizing-goal", "must be a time such as 800ms or 1.5s", text)
    return float(match["number"]) / (1000 if match["unit"] == "ms" else 1)
