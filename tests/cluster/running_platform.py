"""A cluster as a fleet has it: a control plane with every CRD, and each real controller that is to be had here.

One for all tests that need a controller, and apart from the control plane of the others: Kueue has a say in every Job,
and Flux brings back what a test has changed. The fleet is the sample one, on loopback: its repository is served from
this machine, and one of its clusters is this control plane.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crds
from click.testing import CliRunner
from components import components, kubernetes
from control_plane import control_plane
from flux import CONTROLLERS, Flux, built, components_yaml, flags_of, flux, sync_yaml
from git_server import GitServer, Repository, git_server
from kueue import kueue
from spire import Spire, spire

from goldenpath import kubeyaml
from goldenpath.cli.app import cli
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api

    from goldenpath.spec.tenant import Tenant

CLUSTER = "eu-central"
SAMPLES = Path(__file__).parent.parent / "requests"
GROUPS = ("kueue.x-k8s.io", "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io", "spire.spiffe.io")

# Pools of their own for tests that fill a queue: a cohort lends whatever of a flavor is idle, whoever's it is.
_POOLS = [
    {"profile": "nvidia-a30-24gb", "count": 16, "allocation": "device-plugin"},
    {"profile": "nvidia-l40s-48gb", "count": 16, "allocation": "device-plugin"},
]


@dataclass
class RunningPlatform:
    """The cluster, its fleet, and which controllers run."""

    api: Api
    git: GitServer
    fleet: dict[str, Any]
    repository: Repository
    flux: Flux | None = None
    spire: Spire | None = None
    kueue: bool = False
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(parse_fleet(self.fleet))

    def parse(self, name: str) -> Tenant:
        """A tenant that was asked for."""
        return parse(self.requests[name], fleet=self.pipeline.fleet)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Put a request into the fleet repository's work tree, rendered; nothing is committed yet."""
        name = request["name"]
        self.requests[name] = request
        file = self.repository.work.parent / f"{name}.yaml"
        file.write_text(json.dumps(request), encoding="utf-8")
        self._render(file)
        return request

    def _render(self, file: Path) -> None:
        work = self.repository.work
        done = CliRunner().invoke(
            cli, ["render", str(file), "--fleet", str(work / "goldenpath.yaml"), "--out", str(work)]
        )
        assert done.exit_code == 0, done.output

    def _found(self) -> None:
        """The fleet file and what its clusters share."""
        file = self.repository.work / "goldenpath.yaml"
        file.write_text(json.dumps(self.fleet, indent=1), encoding="utf-8")
        self._render(file)

    def _bootstrap(self) -> list[dict[str, Any]]:
        """What `flux bootstrap` does: its two files beside ours, a commit, and what ours makes of them applied."""
        folder = self.repository.work / "clusters" / CLUSTER / "flux-system"
        parts = {
            "gotk-components.yaml": components_yaml(),
            "gotk-sync.yaml": sync_yaml(self.repository.url, CLUSTER),
        }
        for name, text in parts.items():
            (folder / name).write_text(text, encoding="utf-8")
        self.repository.commit("Bootstrap Flux")
        objects = built((folder / "kustomization.yaml").read_text(encoding="utf-8"), *parts.values())
        for body in objects:
            answer = self.api.apply(body)
            assert answer.ok, answer.message
        return objects


@contextlib.contextmanager
def running_platform(folder: Path, definitions: Path, sample: Path) -> Iterator[RunningPlatform]:
    """The cluster while it is wanted, of the sample fleet's file; with every controller that was built."""
    with contextlib.ExitStack() as running:

        def place(name: str) -> Path:
            (folder / name).mkdir()
            return folder / name

        api = running.enter_context(control_plane(kubernetes()))
        crds.load(api, definitions, sorted({*crds.wanted(), *crds.of_groups(definitions, *GROUPS)}))
        for name in ("monitoring", "kueue-system"):  # of the add-ons, which are there before us
            assert api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).ok

        certificate = api.server.authority
        assert certificate
        git = running.enter_context(git_server(place("git"), certificate, certificate.with_suffix(".key")))
        repository = git.repository("fleet")
        fleet = kubeyaml.load_file(sample) | {"repository": repository.url}
        fleet["clusters"][CLUSTER]["accelerators"] += _POOLS
        platform = RunningPlatform(api, git, fleet, repository)

        if _built("spire-server", "spire-controller-manager"):
            domain = fleet["clusters"][CLUSTER]["trust_domain"]
            platform.spire = running.enter_context(
                spire(api, place("spire"), domain, CLUSTER, fleet["spire"]["class_name"])
            )
            # Any bundle will do: nobody here verifies a foreign identity, but SPIRE wants to have one.
            bundle = platform.spire.command("bundle", "show", "-format", "spiffe")
            for other in fleet["federation"].values():
                other["bundle"] = json.dumps(json.loads(bundle))
        platform._found()
        if _built("kueue"):
            running.enter_context(kueue(api, place("kueue"), _device_classes(platform)))
            platform.kueue = True
        if _built(*CONTROLLERS):
            objects = platform._bootstrap()
            flags = {name: flags_of(objects, name) for name in CONTROLLERS}
            platform.flux = running.enter_context(flux(api, place("flux"), flags, certificate))
        yield platform


def _built(*names: str) -> bool:
    return not any(components()[name].missing() for name in names)


def _device_classes(platform: RunningPlatform) -> list[dict[str, Any]]:
    """What the platform has rendered for Kueue's own configuration."""
    for item in platform.pipeline.render_platform(CLUSTER).objects():
        if item.name == "goldenpath-kueue-device-classes":
            text = item.body["data"]["deviceClassMappings.yaml"]
            mappings: list[dict[str, Any]] = kubeyaml.load(text)["resources"]["deviceClassMappings"]
            return mappings
    return []
