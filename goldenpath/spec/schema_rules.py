"""Rules between the fields of a model, as far as JSON Schema can express them. Each model lists its own.

The parser (:mod:`goldenpath.spec.rules`) decides; a test compares these rules with the parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.engines import Signal, engine_catalogue
from goldenpath.spec.autoscaling_rules import LATENCY_GOALS
from goldenpath.spec.source_rules import CLOUD_IDENTITY, CLOUD_IDENTITY_FIELDS, OPTIONAL_IDENTITY

if TYPE_CHECKING:
    from goldenpath.spec.document_model import SchemaRule

__all__ = [
    "cloud_identity",
    "external_secret_reference",
    "federation_endpoint",
    "latency_goals",
    "not_both",
    "one_of",
    "own_or_borrowed",
    "placement",
    "signals_without_default_target",
]


def _given(*names: str) -> dict[str, Any]:
    """Require all of the fields; ``null`` counts as absent."""
    return {"required": list(names), "properties": {name: {"not": {"type": "null"}} for name in names}}


def _none_of(*names: str) -> dict[str, Any]:
    return {"not": {"anyOf": [_given(name) for name in names]}}


def one_of(first: str, second: str) -> SchemaRule:
    """Require exactly one of two fields."""
    return lambda: {
        "$comment": f"Either `{first}` or `{second}`, not both.",
        "oneOf": [_given(first), _given(second)],
    }


def not_both(first: str, second: str) -> SchemaRule:
    """Require at most one of two fields."""
    return lambda: {"$comment": f"Not both `{first}` and `{second}`.", "not": _given(first, second)}


def placement() -> dict[str, Any]:
    """Require regions, labels or both in a placement."""
    return {"$comment": "`regions` or `labels`, or both.", "anyOf": [_given("regions"), _given("labels")]}


def external_secret_reference() -> dict[str, Any]:
    """Require a reference for an external Secret."""
    return {
        "$comment": "With provider `external-secrets`, `reference` says where the Secret is found.",
        "if": {"properties": {"provider": {"const": "external-secrets"}}, "required": ["provider"]},
        "then": _given("reference"),
    }


def own_or_borrowed() -> dict[str, Any]:
    """Require accelerators to be owned, borrowed, or both."""
    return {
        "$comment": "A team owns accelerators (`quota`), borrows them (`borrow`), or both.",
        "anyOf": [
            {"properties": {"quota": {"minimum": 1}}},
            {"properties": {"borrow": {"minimum": 1}}, "required": ["borrow"]},
        ],
    }


def cloud_identity() -> dict[str, Any]:
    """Require the identity fields of the cloud that is the provider, and no others."""
    rules: list[dict[str, Any]] = []
    for cloud, needed in CLOUD_IDENTITY.items():
        others = [field for field in CLOUD_IDENTITY_FIELDS if field not in (needed or OPTIONAL_IDENTITY)]
        identity = {"anyOf": [{"type": "null"}, {"allOf": [_given(*needed), _none_of(*others)]}]}
        then = [_none_of("secret"), {"properties": {"cloud_identity": identity}}]
        rules.append(
            {
                "if": {"properties": {"provider": {"const": cloud}}, "required": ["provider"]},
                "then": {"allOf": [*then, _given("cloud_identity")] if needed else then},
            }
        )
    clouds = {"properties": {"provider": {"enum": list(CLOUD_IDENTITY)}}, "required": ["provider"]}
    return {
        "$comment": "A cloud's `provider` goes with the identity that this cloud knows, and without `secret`.",
        "allOf": [*rules, {"if": clouds, "else": _none_of("cloud_identity")}],
    }


def latency_goals() -> dict[str, Any]:
    """Require one of the two goals for the signal `latency`, and none for other signals."""
    return {
        "$comment": "Signal `latency` has one of `time_to_first_token` and `inter_token_latency`, and no `target`; other signals have neither goal.",
        "if": {"properties": {"signal": {"const": Signal.LATENCY.value}}, "required": ["signal"]},
        "then": {"allOf": [{"oneOf": [_given(goal) for goal in LATENCY_GOALS]}, _none_of("target")]},
        "else": _none_of(*LATENCY_GOALS),
    }


def signals_without_default_target() -> dict[str, Any]:
    """Require a target for signals that have no honest default."""
    engine = engine_catalogue().default
    signals = [signal.value for signal in Signal if engine.needs_target(signal)]
    return {
        "$comment": f"Without an honest default, `target` is required for {' and '.join(f'`{s}`' for s in signals)}.",
        "if": {"properties": {"signal": {"enum": signals}}, "required": ["signal"]},
        "then": _given("target"),
    }


def federation_endpoint() -> dict[str, Any]:
    """Require https for the endpoint of a bundle."""
    return {
        "$comment": "`endpoint` starts with https://, since a bundle is a root of trust.",
        "properties": {"endpoint": {"pattern": "^https://"}},
    }
