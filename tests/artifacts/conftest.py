"""A fleet repository with a tenant, keys, and a real registry."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from commit_artifacts import artifacts_of
from fleets import asked, new_fleet
from forged_artifacts import new_key
from local_registry import (
    WITH_REFERRERS,
    local_registry,
    missing_referrers_registry,
    missing_registry,
    referrers_registry,
)
from plain_git import commit_by_hand

from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.artifacts.artifact import Artifact
    from goldenpath.fleet import Fleet
    from goldenpath.signatures.signing_keys import SigningKey

_NUMBERS = itertools.count()


_REGISTRIES = ["docker-registry", *([] if missing_referrers_registry() else [WITH_REFERRERS])]


@pytest.fixture(scope="session", params=_REGISTRIES)
def registry_host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One registry of each kind for all tests. Each test has its own path."""
    folder = tmp_path_factory.mktemp("registry")
    if request.param == WITH_REFERRERS:
        with referrers_registry(folder) as host:
            yield host
    elif reason := missing_registry():
        pytest.skip(reason)
    else:
        with local_registry(folder) as host:
            yield host


@pytest.fixture
def registry(registry_host: str) -> str:
    return f"oci://{registry_host}/fleet-{next(_NUMBERS)}"


@pytest.fixture
def client(registry: str) -> Iterator[RegistryClient]:
    with RegistryClient(RegistryAddress.parse(registry)) as made:
        yield made


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet repository with one tenant on two clusters; a test that changes it works on a copy."""
    place = tmp_path_factory.mktemp("published") / "fleet.git"
    with new_fleet(place) as fleet:
        fleet.publish(asked("vision", clusters=["austin", "berlin"]))
    return place


@pytest.fixture
def fleet(published: Path) -> Iterator[Fleet]:
    from goldenpath.fleet import Fleet

    with Fleet.open(published) as opened:
        yield opened


@pytest.fixture
def delivering(registry: str, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet that is delivered to the registry of the test, with one tenant on two clusters."""
    place = tmp_path / "delivering.git"
    with new_fleet(place, delivery={"registry": registry}) as made:
        made.publish(asked("vision", clusters=["austin", "berlin"]))
        flux = "kind: Namespace\napiVersion: v1\nmetadata: {name: flux-system}\n"
        components = {
            f"clusters/{name}/flux-system/gotk-components.yaml": flux for name in ("austin", "berlin")
        }
        commit_by_hand(place, components)
        yield made


@pytest.fixture
def artifact(fleet: Fleet) -> Artifact:
    """The tenant's folder on one of its clusters."""
    found = artifacts_of(fleet, "austin")
    (tenant,) = (each for each in found if each.source.owner.name == "vision")
    return tenant


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return new_key()
