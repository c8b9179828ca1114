"""A cluster as a fleet has it: a control plane with every CRD, and each real controller that is to be had here.

One for all tests that need a controller, and apart from the control plane of the others: Kueue has a say in every Job,
and Flux brings back what a test has changed. The fleet is the sample one, on loopback: its repository is served from
this machine, and one of its clusters is this control plane.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crd_files
from components import components, kubernetes
from control_plane import control_plane
from flux import CONTROLLERS, NAMESPACE, SOURCE, Flux, built, components_yaml, flags_of, flux, sync_yaml
from git_server import GitServer, Repository, git_server
from kueue import kueue
from live_tenants import BUILDER, REGISTRY, LiveTenant, Onboarding
from spire import Spire, spire

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet, Published
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api

CLUSTER = "eu-central"
SAMPLES = Path(__file__).parent.parent / "requests"
GROUPS = ("kueue.x-k8s.io", "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io", "spire.spiffe.io")

WITHOUT_BUNDLE = "unknown.northwind.example"
"""A trust domain that the platform federates with, and of which it has no bundle to begin with."""

# Pools of their own for tests that fill a queue: a cohort lends whatever of a flavor is idle, whoever's it is.
_POOLS = [
    {"profile": profile, "count": 16, "allocation": "device-plugin"}
    for profile in ("nvidia-t4-16gb", "nvidia-a30-24gb", "nvidia-l40s-48gb", "nvidia-a100-40gb")
]
_POOLS.append({"profile": "nvidia-a40-48gb", "count": 16, "lend": 2})


@dataclass
class RunningPlatform:
    """The cluster, its fleet repository, and which controllers run."""

    api: Api
    git: GitServer
    repository: Repository
    document: dict[str, Any]
    fleet: Fleet
    flux: Flux | None = None
    spire: Spire | None = None
    kueue: str = ""
    """The address of its metrics."""
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(parse_fleet(self.document))

    @cached_property
    def onboarding(self) -> Onboarding:
        """Creates tenants without Git, in addition to the platform."""
        onboarding = Onboarding(self.api)
        if self.flux:
            self.flux.at(self.repository.head, "platform")
        else:
            onboarding.apply(self.pipeline.render(self.pipeline.fleet, cluster=CLUSTER).objects())
        return onboarding

    def tenant(self, **request: Any) -> LiveTenant:
        """A tenant that is applied and not published."""
        return self.onboarding.tenant(self.document, clusters=[CLUSTER], **request)

    def rendered(self, name: str) -> list[dict[str, Any]]:
        """Objects of a tenant on this cluster, from the library."""
        pipeline = self.pipeline
        tenant = parse(self.requests[name], fleet=pipeline.fleet)
        return [item.body for item in pipeline.render(tenant, cluster=CLUSTER).objects()]

    def publish(self, **request: Any) -> str:
        """Publish a request to the fleet repository, and let Flux look at once; gives the commit."""
        self.requests[request["name"]] = request
        return self._published(self.fleet.publish(request))

    def retire(self, name: str, *, delete: bool = False) -> str:
        """Hold a tenant, or delete one that is held; gives the commit."""
        return self._published(self.fleet.retire(name, delete=delete))

    def push(self, message: str) -> str:
        """Push what a person has done in the clone of the fleet repository; gives the commit."""
        return self._seen(self.repository.push(message))

    def _published(self, published: Published) -> str:
        assert published.commit
        return self._seen(published.commit)

    def _seen(self, commit: str) -> str:
        if self.flux:
            self.flux.reconcile(SOURCE, NAMESPACE)
        return commit


@contextlib.contextmanager
def running_platform(folder: Path, definitions: Path, sample: Path) -> Iterator[RunningPlatform]:
    """Run the cluster of the sample fleet with every built controller."""
    with contextlib.ExitStack() as running:

        def place(name: str) -> Path:
            (folder / name).mkdir()
            return folder / name

        api = running.enter_context(control_plane(kubernetes()))
        crd_files.load(
            api,
            definitions,
            sorted({*crd_files.wanted(definitions), *crd_files.of_groups(definitions, *GROUPS)}),
        )
        for name in ("monitoring", "kueue-system"):  # of the add-ons, which are there before us
            assert api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).ok

        certificate = api.server.authority
        assert certificate
        git = running.enter_context(git_server(place("git"), certificate, certificate.with_suffix(".key")))
        repository = git.repository("fleet")
        document = kubeyaml.load_file(sample) | {"repository": repository.url}
        document["defaults"]["registries"] += [REGISTRY]
        document["provenance"] = BUILDER
        cluster = document["clusters"][CLUSTER]
        cluster["accelerators"] += _POOLS

        document["federation"][WITHOUT_BUNDLE] = {
            "endpoint": "https://127.0.0.1:1",
            "profile": "https_spiffe",
        }

        spire_server = None
        if _built("spire-server", "spire-controller-manager"):
            spire_server = running.enter_context(
                spire(api, place("spire"), cluster["trust_domain"], CLUSTER, document["spire"]["class_name"])
            )
            # Any bundle will do: nobody here verifies a foreign identity, but SPIRE wants to have one.
            bundle = spire_server.command("bundle", "show", "-format", "spiffe")
            for name, other in document["federation"].items():
                if name != WITHOUT_BUNDLE:
                    other["bundle"] = json.dumps(json.loads(bundle))

        fleet = running.enter_context(Fleet.create(repository.served, json.dumps(document, indent=1)))
        platform = RunningPlatform(api, git, repository, document, fleet, spire=spire_server)
        if _built("kueue"):
            platform.kueue = running.enter_context(kueue(api, place("kueue"), _kueue_resources(platform)))
        if _built(*CONTROLLERS):
            objects = _bootstrapped(platform)
            flags = {name: flags_of(objects, name) for name in CONTROLLERS}
            platform.flux = running.enter_context(flux(api, place("flux"), flags, certificate))
        yield platform


def _bootstrapped(platform: RunningPlatform) -> list[dict[str, Any]]:
    """What `flux bootstrap` does: its two files beside ours, a commit, and what ours makes of them applied."""
    folder = platform.repository.pull() / "clusters" / CLUSTER / "flux-system"
    parts = {
        "gotk-components.yaml": components_yaml(),
        "gotk-sync.yaml": sync_yaml(platform.repository.url, CLUSTER),
    }
    for name, text in parts.items():
        (folder / name).write_text(text, encoding="utf-8")
    platform.repository.push("Bootstrap Flux")
    objects = built((folder / "kustomization.yaml").read_text(encoding="utf-8"), *parts.values())
    for body in objects:
        answer = platform.api.apply(body)
        assert answer.ok, answer.message
    return objects


def _built(*names: str) -> bool:
    return not any(components()[name].missing() for name in names)


def _kueue_resources(platform: RunningPlatform) -> dict[str, Any]:
    """The rendered `resources` of Kueue's own configuration."""
    resources: dict[str, Any] = {}
    for item in platform.pipeline.render(platform.pipeline.fleet, cluster=CLUSTER).objects():
        if item.name == "goldenpath-kueue-configuration":
            for text in item.body["data"].values():
                resources |= kubeyaml.load(text)["resources"]
    return resources
