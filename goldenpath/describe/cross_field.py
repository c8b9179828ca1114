"""The rules between fields of a request, as far as JSON Schema can say them.

The parser (:mod:`goldenpath.spec.rules`) is the judge; a test holds these against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.engines import Signal, engine_catalogue
from goldenpath.spec.rules import CLOUD_IDENTITY, CLOUD_IDENTITY_FIELDS, OPTIONAL_IDENTITY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RULES"]

_LATENCY_GOALS: Final = ("time_to_first_token", "inter_token_latency")


def _given(*names: str) -> dict[str, Any]:
    """All of the fields are there; ``null`` is the same as nothing."""
    return {"required": list(names), "properties": {name: {"not": {"type": "null"}} for name in names}}


def _none_of(*names: str) -> dict[str, Any]:
    return {"not": {"anyOf": [_given(name) for name in names]}}


def _one_of(first: str, second: str) -> dict[str, Any]:
    return {
        "$comment": f"Either `{first}` or `{second}`, not both.",
        "oneOf": [_given(first), _given(second)],
    }


def _not_both(first: str, second: str) -> dict[str, Any]:
    return {"$comment": f"Not both `{first}` and `{second}`.", "not": _given(first, second)}


def _placement() -> dict[str, Any]:
    return {"$comment": "`regions` or `labels`, or both.", "anyOf": [_given("regions"), _given("labels")]}


def _where_external_secrets_look() -> dict[str, Any]:
    return {
        "$comment": "With provider `external-secrets`, `reference` says where the Secret is found.",
        "if": {"properties": {"provider": {"const": "external-secrets"}}, "required": ["provider"]},
        "then": _given("reference"),
    }


def _own_or_borrowed() -> dict[str, Any]:
    return {
        "$comment": "A team owns accelerators (`quota`), borrows them (`borrow`), or both.",
        "anyOf": [
            {"properties": {"quota": {"minimum": 1}}},
            {"properties": {"borrow": {"minimum": 1}}, "required": ["borrow"]},
        ],
    }


def _cloud_identity() -> dict[str, Any]:
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


def _latency_goals() -> dict[str, Any]:
    return {
        "$comment": "Signal `latency` has one of `time_to_first_token` and `inter_token_latency`, and no `target`; other signals have neither goal.",
        "if": {"properties": {"signal": {"const": Signal.LATENCY.value}}, "required": ["signal"]},
        "then": {"allOf": [{"oneOf": [_given(goal) for goal in _LATENCY_GOALS]}, _none_of("target")]},
        "else": _none_of(*_LATENCY_GOALS),
    }


def _signals_without_default_target() -> dict[str, Any]:
    engine = engine_catalogue().default
    signals = [signal.value for signal in Signal if engine.needs_target(signal)]
    return {
        "$comment": f"Without an honest default, `target` is required for {' and '.join(f'`{s}`' for s in signals)}.",
        "if": {"properties": {"signal": {"enum": signals}}, "required": ["signal"]},
        "then": _given("target"),
    }


def _federation_endpoint() -> dict[str, Any]:
    return {
        "$comment": "`endpoint` starts with https://, since a bundle is a root of trust.",
        "properties": {"endpoint": {"pattern": "^https://"}},
    }


RULES: Final[Mapping[str, tuple[Callable[[], dict[str, Any]], ...]]] = {
    "Tenant": (lambda: _one_of("clusters", "placement"),),
    "Placement": (_placement,),
    "Autoscaling": (_latency_goals, _signals_without_default_target),
    "Egress": (lambda: _one_of("host", "cidr"),),
    "GitSource": (lambda: _not_both("branch", "tag"), _cloud_identity),
    "OciSource": (lambda: _not_both("tag", "digest"), _cloud_identity),
    "Verify": (lambda: _one_of("secret", "identity"),),
    "Gpu": (_own_or_borrowed,),
    "SecretReference": (_where_external_secrets_look,),
    "Federation": (_federation_endpoint,),
}
"""The rules of each model, by its name."""
