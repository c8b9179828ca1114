"""Tests of rendered objects, evaluated with the CEL engine that the policies use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from cel_expr_python import cel

from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.controls import ObjectTest
    from goldenpath.manifests import ManifestObject

__all__ = ["failures", "holds"]


def failures(test: ObjectTest, objects: Sequence[ManifestObject]) -> tuple[str, ...]:
    """The failures of a test for the objects of one tenant on one cluster; empty where the test passes."""
    of_kind = [each for each in objects if each.kind == test.kind]
    if test.demands == "some":
        return () if any(holds(test, each.body) for each in of_kind) else (f"no {test.kind}: {test.says}",)
    return tuple(f"{each}: {test.says}" for each in of_kind if not holds(test, each.body))


def holds(test: ObjectTest, body: Mapping[str, Any]) -> bool:
    """Whether an object passes a test; a test that cannot be evaluated fails."""
    try:
        answer = _program(test.expression).eval(_environment().Activation({"object": body}))
        return answer.type() == cel.Type.BOOL and answer.value() is True
    except Exception:  # noqa: BLE001 - after any error of the engine the test shows nothing
        return False


@cache
def _program(expression: str) -> Any:
    try:
        return _environment().compile(expression)
    except Exception as error:
        raise DataError(f"controls/data/object-tests.yaml: {expression}: {error}") from error


@cache
def _environment() -> Any:
    return cel.NewEnv(variables={"object": cel.Type.DYN})
