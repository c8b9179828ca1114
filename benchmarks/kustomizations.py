"""How many Kustomizations one kustomize-controller takes, on a real API server: reconciles a second, and memory.

    make cluster-assets
    python benchmarks/kustomizations.py --number 1000
    python benchmarks/kustomizations.py --number 1000 --crds <folder of CustomResourceDefinitions>

Each Kustomization is like a workload's: it applies one ConfigMap as an account of its namespace, with `wait: true`.
The controllers have Flux's own settings, but for the rate at which they ask the API server (200 a second).
"""

from __future__ import annotations

import argparse
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


def memory() -> float:
    """What kustomize-controller has in memory, in MiB."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.joinpath("comm").read_text().startswith("kustomize-contr"):
                pages = int(folder.joinpath("statm").read_text().split()[1])
                return pages * 4096 / 2**20
        except OSError:
            continue
    return 0.0


def until_all(api: Api, revision: str, number: int, what: str) -> None:
    began, most = time.monotonic(), 0.0
    while (done := ready_at(api, revision)) < number:
        most = max(most, memory())
        assert time.monotonic() - began < 3600, f"{done} of {number} are Ready"
        time.sleep(2)
    seconds = time.monotonic() - began
    print(
        f"{what}: {number} Kustomizations in {seconds:.0f} s, {number / seconds:.1f} a second, "
        f"at most {max(most, memory()):.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=1000)
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
                until_all(api, first, options.number, "new")
                until_all(api, repository.write(files(options.number, "2")), options.number, "changed")
                print(f"at rest: {memory():.0f} MiB")


if __name__ == "__main__":
    main()
