"""The control plane of these tests: our own, or the one of a context.

These tests are asked for by ``--cluster`` (``make test-cluster``). Without it, or without a control plane, only
``test_control_plane.py`` is collected, which then says so.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import admin_kubeconfig
import control_plane
import crd_files
import pytest
from components import components, from_modules, kubernetes
from flux import CONTROLLERS, Flux
from live_tenants import Onboarding
from on_flux import OnFlux, onboard_samples
from running_platform import SAMPLES, RunningPlatform, running_platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api
    from spire import Spire

COMMAND = "make cluster-assets && make test-cluster"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cluster", "a real Kubernetes control plane")
    group.addoption("--cluster", action="store_true", help="run the tests that need one")
    group.addoption("--kube-context", metavar="NAME", help="use this cluster, which the tests may litter")
    group.addoption(
        "--crds",
        metavar="DIR",
        default=os.environ.get("GOLDENPATH_CRDS"),
        help="the CustomResourceDefinitions of the add-ons, one file each, named after it [$GOLDENPATH_CRDS, or those "
        "of `make cluster-assets`]",
    )


def lacking(config: pytest.Config) -> str:
    """Why there is no control plane to be had; empty where there is one."""
    if not config.getoption("--cluster", default=False):
        return f"needs a control plane: {COMMAND}"
    if config.getoption("--kube-context"):
        return ""
    missing = control_plane.missing(kubernetes())
    return f"{kubernetes()} has no {', '.join(missing)}: {COMMAND}" if missing else ""


def crds_folder(config: pytest.Config) -> Path | None:
    """The folder of the CRDs, if it exists."""
    if given := config.getoption("--crds"):
        return Path(given)
    return from_modules() if from_modules().is_dir() else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    speaks = collection_path.is_dir() or collection_path.name == "test_control_plane.py"
    return True if not speaks and lacking(config) else None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests on one control plane stay in one process, also where there are several (`-n 2 --dist loadgroup`)."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            group = "platform" if "platform" in getattr(item, "fixturenames", ()) else "cluster"
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Api]:
    """The API server, as its administrator; with our custom resources where their definitions were given."""
    if reason := lacking(request.config):
        pytest.skip(reason)
    with _connection(request.config.getoption("--kube-context")) as api:
        if folder := crds_folder(request.config):
            crd_files.load(api, folder, crd_files.wanted(folder))
        yield api


@contextlib.contextmanager
def _connection(context: str | None) -> Iterator[Api]:
    if context:
        api = admin_kubeconfig.connect(context)
        with contextlib.closing(api.server):
            yield api
    else:
        with control_plane.control_plane(kubernetes()) as api:
            yield api


@pytest.fixture(scope="session")
def custom_resources(cluster: Api, request: pytest.FixtureRequest) -> Api:
    """The API server, where it has the custom resources of the add-ons."""
    if not crds_folder(request.config):
        pytest.skip(f"needs the CRDs of the add-ons: {COMMAND}, or --crds DIR")
    return cluster


@pytest.fixture(scope="session")
def onboarding(cluster: Api) -> Onboarding:
    return Onboarding(cluster)


@pytest.fixture(scope="session")
def platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPlatform]:
    """A cluster of a fleet with real controllers: always one of our own, whatever `--kube-context` says."""
    if reason := lacking(request.config):
        pytest.skip(reason)
    if missing := control_plane.missing(kubernetes()):
        pytest.skip(f"{kubernetes()} has no {', '.join(missing)}: {COMMAND}")
    definitions = crds_folder(request.config)
    if definitions is None:
        pytest.skip(f"needs the CRDs of the add-ons: {COMMAND}, or --crds DIR")
    # A socket's path may have 107 characters, and pytest's folders take many of them.
    with (
        tempfile.TemporaryDirectory(prefix="gp-") as folder,
        running_platform(Path(folder), definitions, SAMPLES / "goldenpath.yaml") as running,
    ):
        yield running


@pytest.fixture(scope="session")
def flux(platform: RunningPlatform) -> Flux:
    return _running(platform.flux, *CONTROLLERS)


@pytest.fixture(scope="session")
def teams(platform: RunningPlatform, flux: Flux) -> OnFlux:
    """The teams of the sample requests, as Flux has brought them."""
    return onboard_samples(platform, flux)


@pytest.fixture(scope="session")
def spire(platform: RunningPlatform) -> Spire:
    return _running(platform.spire, "spire-server", "spire-controller-manager")


@pytest.fixture(scope="session")
def kueue(platform: RunningPlatform) -> str:
    """The address of its metrics."""
    address: str = _running(platform.kueue, "kueue")
    return address


def _running(controller: Any, *names: str) -> Any:
    if not controller:
        missing = [name for name in names if components()[name].missing()]
        pytest.skip(f"{' and '.join(missing)} not built: {COMMAND}")
    return controller
