"""How many Kustomizations one kustomize-controller takes, on a real API server: reconciles a second, and memory.

    make cluster-assets
    python benchmarks/kustomizations.py --number 1000
    python benchmarks/kustomizations.py --number 5000 --seconds 600
    python benchmarks/kustomizations.py --number 1000 --crds <folder of CustomResourceDefinitions>

Each Kustomization is like a workload's: it applies one ConfigMap as an account of its namespace, with `wait: true`.
The controllers have Flux's own settings, but for the rate at which they ask the API server (200 a second).

Each line has the seconds of CPU that each program used, which shows what the rate depends on. Where not all are Ready
after `--seconds`, the line says how many are.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "cluster"))

import crd_files
from components import from_modules, kubernetes
from control_plane import control_plane
from flux import CONTROLLERS, KUSTOMIZATION, NAMESPACE, SOURCE, components_yaml, flux
from git_server import git_server

from goldenpath import kubeyaml

if TYPE_CHECKING:
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


def files(number: int, value: str) -> dict[str, str]:
    return {f"w/{each}/settings.yaml": config_map(each, value) for each in range(number)}


def prepare(api: Api, url: str) -> None:
    """The controllers' accounts, a namespace with an account that may write ConfigMaps, and the source."""
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
        SOURCE
        | {
            "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
            "spec": {"interval": "5s", "url": url, "ref": {"branch": "main"}},
        },
    ]
    for body in bodies:
        answer = api.apply(body)
        assert answer.ok, answer.message


def kustomization(number: int) -> dict[str, Any]:
    return KUSTOMIZATION | {
        "metadata": {"name": f"{TEAM}.w-{number}", "namespace": NAMESPACE},
        "spec": {
            "interval": "1h",
            "path": f"./w/{number}",
            "prune": True,
            "wait": True,
            "timeout": "1m",
            "serviceAccountName": "workloads",
            "sourceRef": {"kind": "GitRepository", "name": NAMESPACE},
        },
    }


def ready_at(api: Api, revision: str) -> int:
    """How many are Ready with a commit."""
    return sum(
        str(body.get("status", {}).get("lastAppliedRevision", "")).endswith(revision)
        for body in api.list(KUSTOMIZATION["apiVersion"], "Kustomization", NAMESPACE)
    )


PROGRAMS = ("kustomize-controller", "source-controller", "kube-apiserver", "etcd")
TICKS = os.sysconf("SC_CLK_TCK")


def processes() -> dict[str, Path]:
    """The folders of the programs in /proc, which cuts names after 15 characters."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found[folder.joinpath("comm").read_text().strip()] = folder
    return {name: found[name[:15]] for name in PROGRAMS if name[:15] in found}


def memory() -> float:
    """What kustomize-controller has in memory, in MiB."""
    pages = int(processes()["kustomize-controller"].joinpath("statm").read_text().split()[1])
    return pages * 4096 / 2**20


def cpu() -> dict[str, float]:
    """The seconds of CPU that each program has used."""
    used = {}
    for name, folder in processes().items():
        fields = folder.joinpath("stat").read_text().rpartition(")")[2].split()
        used[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return used


def until_all(api: Api, revision: str, number: int, limit: float, what: str) -> bool:
    """Wait until all are Ready with a commit, or the time is over, and print how it went."""
    began, most, before = time.monotonic(), 0.0, cpu()
    while (done := ready_at(api, revision)) < number and time.monotonic() - began < limit:
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
    parser.add_argument("--seconds", type=float, default=3600, help="how long to wait for each step")
    parser.add_argument("--crds", type=Path, default=from_modules())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gp-") as place, control_plane(kubernetes()) as api:
        folder = Path(place)
        for name in ("git", "flux"):
            (folder / name).mkdir()
        crd_files.load(api, options.crds, sorted(crd_files.of_groups(options.crds, *GROUPS)))
        certificate = api.server.authority
        assert certificate
        with git_server(folder / "git", certificate, certificate.with_suffix(".key")) as server:
            repository = server.repository("fleet")
            first = repository.write(files(options.number, "1"))
            prepare(api, repository.url)
            with flux(api, folder / "flux", FLAGS, certificate):
                for number in range(options.number):
                    assert api.create(kustomization(number)).ok
                if until_all(api, first, options.number, options.seconds, "new"):
                    second = repository.write(files(options.number, "2"))
                    until_all(api, second, options.number, options.seconds, "changed")
                print(f"at rest: {memory():.0f} MiB")


if __name__ == "__main__":
    main()
