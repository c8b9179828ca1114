"""What is handed in becomes a spec: a fleet or a request, from a file or from a document that was read.

The one stage that opens a file; everything after it takes values.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.paths import Library
from goldenpath.spec.parse import parse_fleet, parse_tenant

if TYPE_CHECKING:
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.tenant import Tenant

__all__ = ["builtin_library", "load", "load_fleet", "parse"]


@cache
def builtin_library() -> Library:
    """The built-in golden paths."""
    return Library()


def load_fleet(file: str | Path) -> FleetSpec:
    """Read a fleet (``goldenpath.yaml``).

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    return parse_fleet(kubeyaml.load_file(Path(file), written=True), file=str(file))


def load(file: str | Path, *, fleet: FleetSpec | None = None, library: Library | None = None) -> Tenant:
    """Read a request; with a fleet, hold it against that fleet too.

    Raises:
        InputError: with every problem, each with its path in the file.
    """
    return parse(kubeyaml.load_file(Path(file), written=True), fleet=fleet, library=library, file=str(file))


def parse(
    document: Any, *, fleet: FleetSpec | None = None, library: Library | None = None, file: str | None = None
) -> Tenant:
    """A request from a document that was read already, such as a form's values.

    Raises:
        InputError: with every problem.
    """
    problems: list[Problem] = []
    check_inputs = None
    named = document.get("golden_path") if isinstance(document, dict) else None
    if isinstance(named, str):
        try:
            path = (library or builtin_library()).get(named)
        except InputError as error:
            problems += (problem.in_file(file) if file else problem for problem in error.problems)
        else:
            check_inputs = path.inputs.problems
            if not path.is_for_tenants:
                problems.append(
                    Problem(
                        "golden_path",
                        "wrong-golden-path",
                        "is rendered from the fleet alone, not from a request",
                        named,
                        file=file,
                    )
                )
    try:
        tenant = parse_tenant(document, fleet=fleet, check_inputs=check_inputs, file=file)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    return tenant
