"""The smallest request and fleet that are accepted, for tests that change one thing in them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import platforms_of, tenancies_of

if TYPE_CHECKING:
    from goldenpath.errors import Problem
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.tenancy import Tenancy

REQUESTS = Path(__file__).parent / "requests"

_REQUEST: dict[str, Any] = {
    "golden_path": "tenant/v1",
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["berlin"],
}
_FLEET: dict[str, Any] = {
    "format": "fleet/v1",
    "organisation": "Example",
    "domain": "example.org",
    "trust_domain": "prod.example.org",
    "repository": "https://git.example.org/platform/fleet.git",
    "clusters": {"berlin": {"region": "eu", "kubernetes": "1.36"}},
}


def request(**changes: Any) -> dict[str, Any]:
    """A request with fields added or replaced; ``None`` leaves a field out."""
    return {key: value for key, value in (copy.deepcopy(_REQUEST) | changes).items() if value is not None}


def fleet(**changes: Any) -> dict[str, Any]:
    """A fleet with fields added or replaced; ``None`` leaves a field out."""
    return {key: value for key, value in (copy.deepcopy(_FLEET) | changes).items() if value is not None}


def override(kind: str, name: str, patch: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An override with a reason, an approver and a distant expiry."""
    agreed = {"reason": "a small team", "approved_by": "platform-team", "expires": "2099-01-31"}
    return {"kind": kind, "name": name, "patch": patch, **agreed, **changes}


def cluster(*accelerators: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A cluster with these accelerators."""
    return {"region": "eu", "kubernetes": "1.36", "accelerators": list(accelerators)} | changes


def problems(document: Any, on: Any = None) -> tuple[Problem, ...]:
    """The parser's problems with a request, on an optional fleet."""
    try:
        parse_request(Tenant, document, Surroundings(None if on is None else parse_fleet(on)))
    except InputError as error:
        return error.problems
    return ()


def fleet_problems(document: Any) -> tuple[Problem, ...]:
    """The parser's problems with a fleet."""
    try:
        parse_fleet(document)
    except InputError as error:
        return error.problems
    return ()


def reported(found: tuple[Problem, ...]) -> list[tuple[str, str, str | None]]:
    """Path, rule and nearest value of each problem."""
    return [(problem.path, problem.rule, problem.nearest) for problem in found]


def places(found: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """Path and rule of each problem."""
    return [(problem.path, problem.rule) for problem in found]


def tenancies(document: dict[str, Any], on: dict[str, Any]) -> tuple[Tenancy, ...]:
    """The request on each of its clusters."""
    parsed = parse_fleet(on)
    return tenancies_of(parse_request(Tenant, document, Surroundings(parsed)), platforms_of(parsed))


def tenancy(document: dict[str, Any], on: dict[str, Any]) -> Tenancy:
    """The request on its only cluster."""
    (only,) = tenancies(document, on)
    return only


def sample(name: str) -> Any:
    """The document of a file in ``tests/requests``."""
    return kubeyaml.load_file(REQUESTS / name)


def sample_fleet() -> FleetSpec:
    """The fleet in ``tests/requests``."""
    return parse_fleet(sample("goldenpath.yaml"))
