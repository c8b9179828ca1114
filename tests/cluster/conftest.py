"""The control plane of these tests: our own, or the one of a context.

These tests are asked for by ``--cluster`` (``make test-cluster``). Without it, or without a control plane, only
``test_control_plane.py`` is collected, which then says so.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import control_plane
import crds
import kubeconfig
import pytest
from live_tenants import Onboarding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api

COMMAND = "make cluster-assets && make test-cluster"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cluster", "a real Kubernetes control plane")
    group.addoption("--cluster", action="store_true", help="run the tests that need one")
    group.addoption("--kube-context", metavar="NAME", help="use this cluster, which the tests may litter")
    group.addoption(
        "--crds",
        metavar="DIR",
        default=os.environ.get("GOLDENPATH_CRDS"),
        help="the CustomResourceDefinitions of the add-ons, one file each, named after it [$GOLDENPATH_CRDS]",
    )


def lacking(config: pytest.Config) -> str:
    """Why there is no control plane to be had; empty where there is one."""
    if not config.getoption("--cluster", default=False):
        return f"needs a control plane: {COMMAND}"
    if config.getoption("--kube-context"):
        return ""
    binaries = control_plane.binaries()
    missing = control_plane.missing(binaries)
    return f"{binaries} has no {', '.join(missing)}: {COMMAND}" if missing else ""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    speaks = collection_path.is_dir() or collection_path.name == "test_control_plane.py"
    return True if not speaks and lacking(config) else None


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Api]:
    """The API server, as its administrator; with our custom resources where their definitions were given."""
    if reason := lacking(request.config):
        pytest.skip(reason)
    with _connection(request.config.getoption("--kube-context")) as api:
        if folder := request.config.getoption("--crds"):
            crds.load(api, Path(folder))
        yield api


@contextlib.contextmanager
def _connection(context: str | None) -> Iterator[Api]:
    if context:
        api = kubeconfig.connect(context)
        with contextlib.closing(api.server):
            yield api
    else:
        with control_plane.control_plane(control_plane.binaries()) as api:
            yield api


@pytest.fixture(scope="session")
def custom_resources(cluster: Api, request: pytest.FixtureRequest) -> Api:
    """The API server, where it has the custom resources of the add-ons."""
    if not request.config.getoption("--crds"):
        pytest.skip("needs the CRDs of the add-ons: --crds DIR, or GOLDENPATH_CRDS")
    return cluster


@pytest.fixture(scope="session")
def onboarding(cluster: Api) -> Onboarding:
    return Onboarding(cluster)
