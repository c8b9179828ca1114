"""Measures how many Kustomizations one kustomize-controller can reconcile on a real API server, and its memory.

    make cluster-assets
    python benchmarks/kustomizations.py --number 1000
    python benchmarks/kustomizations.py --number 5000 --seconds 600
    python benchmarks/kustomizations.py --number 1000 --source oci
    python benchmarks/kustomizations.py --number 1000 --crds <folder of CustomResourceDefinitions>

Each Kustomization is like that of a workload: it applies one ConfigMap as an account of its namespace, with `wait: true`.
With `--source git` all read one GitRepository; with `--source oci` each reads its own artifact in a real registry. The
controllers have Flux's default settings, except the rate of their calls to the API server (200 a second).

Each line shows the CPU seconds of each program, and therefore the program that limits the rate. If not all Kustomizations
are Ready after `--seconds`, the line shows the number of those that are.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path += [
    str(Path(__file__).resolve().parent.parent / "tests" / folder) for folder in ("cluster", "artifacts")
]

import crd_files
from components import from_modules, kubernetes
from control_plane import control_plane
from flux import CONTROLLERS, KUSTOMIZATION, NAMESPACE, SOURCE, components_yaml, flux
from git_server import git_server
from local_registry import local_registry
from process_figures import cpu_seconds_of, family, resident_bytes

from goldenpath import kubeyaml
from goldenpath.artifacts.artifact import Artifact, ArtifactSource
from goldenpath.oci.registry_address import RegistryAddress
from goldenpath.oci.registry_client import RegistryClient
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_server import GitServer
    from kube_api import Api

GROUPS = ("kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io")
TEAM = "team"
FLAGS = {name: ["--no-cross-namespace-refs=true"] for name in CONTROLLERS}
FLAGS["source-controller"] = []


def config_map(number: int, value: str) -> str:
    metadata = {"name": f"w-{number}", "namespace": TEAM}
    return kubeyaml.dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": value}}
    )


class GitSource:
    """One GitRepository with a folder for each Kustomization."""

    def __init__(self, number: int, server: GitServer) -> None:
        self.number = number
        self.repository = server.repository("fleet")
        self.apply = [
            SOURCE
            | {
                "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
                "spec": {"interval": "5s", "url": self.repository.url, "ref": {"branch": "main"}},
            }
        ]

    def deliver(self, value: str) -> list[str]:
        """Write a value for all Kustomizations, and return the new revision of each."""
        files = {f"w/{each}/settings.yaml": config_map(each, value) for each in range(self.number)}
        return [self.repository.write(files)] * self.number

    def spec(self, number: int) -> dict[str, Any]:
        """The path and the source of a Kustomization."""
        return {"path": f"./w/{number}", "sourceRef": {"kind": "GitRepository", "name": NAMESPACE}}


class OciSource:
    """An OCIRepository with its own artifact for each Kustomization."""

    def __init__(self, api: Api, number: int, client: RegistryClient) -> None:
        self.api, self.number, self.client = api, number, client
        self.apply: list[dict[str, Any]] = []

    def deliver(self, value: str) -> list[str]:
        """Write a value for all Kustomizations, and return the new revision of each."""
        found = []
        for each in range(self.number):
            commit = hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest()
            owner = Ref.of_platform(f"w-{each}")
            source = ArtifactSource(owner, TEAM, commit, commit, dt.datetime(2026, 11, 30, tzinfo=dt.UTC))
            artifact = Artifact(source, {"settings.yaml": config_map(each, value).encode()})
            for blob in (artifact.config, artifact.layer):
                self.client.push_blob(f"fleet/w-{each}", blob)
            self.client.put_manifest(f"fleet/w-{each}", "latest", artifact.manifest)
            spec = {
                "interval": "1h",
                "url": f"oci://{self.client.address.host}/fleet/w-{each}",
                "insecure": True,
                "ref": {"digest": artifact.digest},
            }
            metadata = {"name": f"w-{each}", "namespace": NAMESPACE}
            assert self.api.apply(SOURCE | {"kind": "OCIRepository", "metadata": metadata, "spec": spec}).ok
            found.append(artifact.digest)
        return found

    def spec(self, number: int) -> dict[str, Any]:
        """The path and the source of a Kustomization."""
        return {"path": "./", "sourceRef": {"kind": "OCIRepository", "name": f"w-{number}"}}


def prepare(api: Api, sources: list[dict[str, Any]]) -> None:
    """Apply the accounts of the controllers, a namespace with an account that may write ConfigMaps, and the source."""
    account = {"kind": "ServiceAccount", "name": "workloads", "namespace": NAMESPACE}
    rbac = "rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    bodies: list[dict[str, Any]] = [
        body for body in kubeyaml.load_all(components_yaml()) if body["kind"] != "Deployment"
    ]
    bodies += [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "workloads", "namespace": NAMESPACE},
        },
        {"apiVersion": rbac, "kind": "Role", "metadata": {"name": "r", "namespace": TEAM}, "rules": rules},
        {
            "apiVersion": rbac,
            "kind": "RoleBinding",
            "metadata": {"name": "r", "namespace": TEAM},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [account],
        },
        *sources,
    ]
    for body in bodies:
        answer = api.apply(body)
        assert answer.ok, answer.message


def kustomization(number: int, source: dict[str, Any]) -> dict[str, Any]:
    return KUSTOMIZATION | {
        "metadata": {"name": f"{TEAM}.w-{number}", "namespace": NAMESPACE},
        "spec": {
            "interval": "1h",
            "prune": True,
            "wait": True,
            "timeout": "1m",
            "serviceAccountName": "workloads",
            **source,
        },
    }


def ready_at(api: Api, revisions: list[str]) -> int:
    """The number of Kustomizations that have applied their expected revision."""
    return sum(
        str(body.get("status", {}).get("lastAppliedRevision", "")).endswith(
            revisions[int(body["metadata"]["name"].rpartition("-")[2])]
        )
        for body in api.list(KUSTOMIZATION["apiVersion"], "Kustomization", NAMESPACE)
    )


PROGRAMS = ("kustomize-controller", "source-controller", "kube-apiserver", "etcd")


def processes() -> dict[str, int]:
    """The ids of the programs that this process has started. The kernel cuts their names after 15 characters."""
    found = {}
    for child in family(os.getpid())[1:]:
        with contextlib.suppress(OSError):
            found[Path(f"/proc/{child}/comm").read_text().strip()] = child
    return {name: found[name[:15]] for name in PROGRAMS if name[:15] in found}


def memory() -> float:
    """The resident memory of kustomize-controller, in MiB."""
    return resident_bytes(processes()["kustomize-controller"]) / 2**20


def cpu() -> dict[str, float]:
    """The CPU seconds of each program."""
    return {name: cpu_seconds_of(process) for name, process in processes().items()}


def until_all(api: Api, act: Callable[[], list[str]], limit: float, what: str) -> bool:
    """Act, wait until all Kustomizations have applied the new revision or the time is over, and print the figures."""
    began, most, before = time.monotonic(), 0.0, cpu()
    revisions = act()
    number = len(revisions)
    while (done := ready_at(api, revisions)) < number and time.monotonic() - began < limit:
        most = max(most, memory())
        time.sleep(2)
    seconds = time.monotonic() - began
    used = ", ".join(f"{name} {value - before.get(name, 0):.0f} s" for name, value in cpu().items())
    print(
        f"{what}: {done} of {number} Kustomizations in {seconds:.0f} s, {done / seconds:.1f} a second, "
        f"at most {max(most, memory()):.0f} MiB; CPU: {used}",
        flush=True,
    )
    return done == number


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--source", choices=("git", "oci"), default="git")
    parser.add_argument("--seconds", type=float, default=3600, help="longest wait for each step")
    parser.add_argument("--crds", type=Path, default=from_modules())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gp-") as place, control_plane(kubernetes()) as api:
        folder = Path(place)
        for name in ("source", "flux"):
            (folder / name).mkdir()
        crd_files.load(api, options.crds, sorted(crd_files.of_groups(options.crds, *GROUPS)))
        certificate = api.server.authority
        assert certificate
        with contextlib.ExitStack() as stack:
            source: GitSource | OciSource
            if options.source == "git":
                server = stack.enter_context(
                    git_server(folder / "source", certificate, certificate.with_suffix(".key"))
                )
                source = GitSource(options.number, server)
            else:
                host = stack.enter_context(local_registry(folder / "source"))
                client = RegistryClient(RegistryAddress.parse(f"oci://{host}/fleet"))
                source = OciSource(api, options.number, stack.enter_context(client))
            prepare(api, source.apply)
            first = source.deliver("1")
            stack.enter_context(flux(api, folder / "flux", FLAGS, certificate))

            def create() -> list[str]:
                for number in range(options.number):
                    assert api.create(kustomization(number, source.spec(number))).ok
                return first

            if until_all(api, create, options.seconds, "new"):
                until_all(api, lambda: source.deliver("2"), options.seconds, "changed")
            print(f"at rest: {memory():.0f} MiB")


if __name__ == "__main__":
    main()
