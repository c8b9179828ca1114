"""Upgrades in waves under the real Flux: the gates see the state of the cluster.

Each test has tenants of its own at version 1.0.0, and a fleet without a record of an upgrade.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from flux import KUSTOMIZATION
from kube_api import eventually
from running_platform import CLUSTER
from verb_clusters import kubeconfig

from goldenpath.cli.root_command import cli
from goldenpath.cluster import connect
from goldenpath.fleet import Fleet
from goldenpath.paths import Library, builtin_folder
from goldenpath.upgrades import Progress, Selection, UpgradeWaves, read_waves
from goldenpath.waves import MemberState
from goldenpath.waves.flux_health import FluxHealth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flux import Flux
    from running_platform import RunningPlatform

    from goldenpath.cluster import ClusterClient

OLD, NEW = "1.0.0", "1.1.0"


class Upgrades:
    """Tenants at the old version on the platform, and upgrades of them."""

    def __init__(self, platform: RunningPlatform, flux: Flux, cluster: ClusterClient, old: Fleet) -> None:
        self.platform = platform
        self.flux = flux
        self._old = old
        self._gate = FluxHealth(platform.fleet, lambda names: dict.fromkeys(names, cluster))
        self.names: list[str] = []
        self.refusals: list[dict[str, Any]] = []

    def tenants(self, number: int) -> list[str]:
        """New tenants at the old version, reconciled."""
        self.names = sorted(f"u-{secrets.token_hex(4)}" for _ in range(number))
        requests = [
            {"golden_path": "tenant/v1", "name": name, "owner": f"{name}-team", "clusters": [CLUSTER]}
            for name in self.names
        ]
        self.flux.at(self.platform._published(self._old.publish(*requests)), *self.kustomizations)
        return self.names

    @property
    def kustomizations(self) -> list[str]:
        return [f"tenant-{name}" for name in self.names]

    def refuse(self, name: str) -> None:
        """Let the cluster refuse the new version of a tenant, until the test ends."""
        self.refusals += refuse(self.platform, name)

    def start(self, *waves: str, **options: Any) -> Progress:
        """An upgrade with one wave for each tenant; nothing is left of an earlier one."""
        folder = self.platform.repository.pull() / "upgrades"
        if folder.exists():
            for file in folder.iterdir():
                file.unlink()
            self.platform.push("Forget upgrades")
        of_each = [f"- {{name: w{n}, names: [{name}]}}" for n, name in enumerate(self.names)]
        text = "\n".join(["format: waves/v1", "waves:", *of_each, *waves, ""])
        progress = self._runner(**options).start(
            read_waves(text, "waves.yaml"), selection=Selection(names=tuple(self.names))
        )
        return self._seen(progress)

    def resume(self, **options: Any) -> Progress:
        return self._seen(self._runner(**options).resume())

    def rollback(self, wave: str) -> Progress:
        return self._seen(self._runner().rollback(wave))

    def until_complete(self) -> None:
        eventually(lambda: self.resume().is_complete, lambda: f"{self.status().waits_for}", 180)

    def status(self) -> Progress:
        return self._runner().status()

    def health(self, name: str) -> str:
        """What the gate says of one tenant."""
        for wave in self.status().waves:
            for member in wave.members:
                if member.name == name and member.health is not None:
                    return member.health.state.value
        return ""

    def states(self) -> list[MemberState]:
        """Of each tenant, in the order of the waves."""
        return [member.state for wave in self.status().waves for member in wave.members]

    def tree(self, name: str) -> str:
        """Git's ids of the files of a tenant."""
        entries = self.platform.fleet.state().snapshot.files()
        return "\n".join(f"{path} {entries[path].id}" for path in sorted(entries) if f"/{name}" in path)

    def _runner(self, **options: Any) -> UpgradeWaves:
        return UpgradeWaves(self.platform.fleet, "tenant/v1", NEW, gate=self._gate, **options)

    def _seen(self, progress: Progress) -> Progress:
        commit = self.platform.fleet.state().snapshot.commit
        assert commit
        self.platform._seen(commit)
        return progress


@pytest.fixture(scope="module")
def cluster(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterClient]:
    config = kubeconfig(platform.api, tmp_path_factory.mktemp("context"), CLUSTER)
    with connect(CLUSTER, config) as connected:
        yield connected


@pytest.fixture(scope="module")
def old(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The fleet as a release has it that knows the old version alone."""
    folder = tmp_path_factory.mktemp("old")
    for name in ("tenant", "platform"):
        shutil.copytree(builtin_folder() / name / "versions" / OLD, folder / name)
    with Fleet.open(platform.repository.served, library=Library([folder])) as fleet:
        yield fleet


@pytest.fixture
def upgrades(platform: RunningPlatform, flux: Flux, cluster: ClusterClient, old: Fleet) -> Iterator[Upgrades]:
    made = Upgrades(platform, flux, cluster, old)
    yield made
    for body in made.refusals:
        platform.api.delete(body)


def refuse(platform: RunningPlatform, name: str) -> list[dict[str, Any]]:
    """Let the API server refuse an object that only the new version has, as an organisation's own policy may."""
    added = f"{name}-workloads"
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": f"refuse-{name}"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["rbac.authorization.k8s.io"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["rolebindings"],
                    }
                ],
            },
            "validations": [
                {"expression": f"object.metadata.name != '{added}'", "message": "broken for a test"}
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": f"refuse-{name}"},
        "spec": {"policyName": f"refuse-{name}", "validationActions": ["Deny"]},
    }
    for body in (policy, binding):
        answer = platform.api.apply(body)
        assert answer.ok, answer.message
    probe = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": added, "namespace": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "none"},
    }
    eventually(lambda: not platform.api.create(probe, dry_run=True).ok, "the policy is at work", 60)
    return [binding, policy]


def test_waves_continue_when_flux_has_applied_them(upgrades: Upgrades) -> None:
    upgrades.tenants(2)
    progress = upgrades.start()
    assert progress.waits_for.startswith("Flux to apply wave w0"), progress.waits_for
    assert upgrades.states() == [MemberState.DONE, MemberState.PENDING]
    upgrades.until_complete()
    upgrades.flux.at(upgrades.platform.repository.head, *upgrades.kustomizations)
    assert [upgrades.health(name) for name in upgrades.names] == ["healthy"] * 2


def test_an_unhealthy_tenant_stops_the_next_wave_and_is_rolled_back(upgrades: Upgrades) -> None:
    first, second = upgrades.tenants(2)
    before = upgrades.tree(first)
    upgrades.refuse(first)
    upgrades.start()
    eventually(lambda: upgrades.health(first) == "unhealthy", lambda: upgrades.status().waits_for, 120)
    # Flux tries it again, and it stays unhealthy meanwhile.
    upgrades.flux.reconcile(KUSTOMIZATION, f"tenant-{first}")
    assert {upgrades.health(first) for _ in range(10)} == {"unhealthy"}
    progress = upgrades.resume()
    assert (progress.phase, first in progress.waits_for) == ("paused", True)
    assert upgrades.states() == [MemberState.DONE, MemberState.PENDING]

    upgrades.rollback("w0")
    assert upgrades.states() == [MemberState.ROLLED_BACK, MemberState.PENDING]
    assert upgrades.tree(first) == before
    upgrades.flux.at(upgrades.platform.repository.head, f"tenant-{first}", seconds=120)
    upgrades.until_complete()
    assert upgrades.states() == [MemberState.ROLLED_BACK, MemberState.DONE]
    assert upgrades.health(second) in {"applying", "healthy"}


def test_the_failure_budget_holds(upgrades: Upgrades) -> None:
    first, second, third = upgrades.tenants(3)
    for name in (first, second):
        upgrades.refuse(name)
    upgrades.start("budget: 1")
    eventually(lambda: upgrades.health(first) == "unhealthy", lambda: upgrades.status().waits_for, 120)
    two_done = [MemberState.DONE, MemberState.DONE, MemberState.PENDING]
    # One is tolerated: the second wave goes.
    eventually(
        lambda: upgrades.resume().phase == "running" and upgrades.states() == two_done, "two are done", 120
    )
    eventually(lambda: upgrades.health(second) == "unhealthy", lambda: upgrades.status().waits_for, 120)
    eventually(lambda: upgrades.resume().phase == "paused", lambda: upgrades.status().waits_for, 120)
    progress = upgrades.status()
    assert "above the budget of 1" in progress.waits_for
    assert upgrades.states()[2] is MemberState.PENDING
    assert third not in progress.waits_for


def test_a_freeze_window_holds_although_the_clusters_are_healthy(upgrades: Upgrades) -> None:
    upgrades.tenants(2)
    day = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    window = (
        f"freeze: [{{begins: '{day}T00:00', ends: '2098-01-01T00:00', time_zone: UTC, reason: Year end}}]"
    )
    progress = upgrades.start(window)
    assert progress.waits_for == "the end of a freeze: Year end"
    assert upgrades.states() == [MemberState.PENDING] * 2

    def later() -> dt.datetime:
        return dt.datetime(2098, 2, 1, tzinfo=dt.UTC)

    assert upgrades.resume(clock=later).waves[0].members[0].state is MemberState.DONE


def metrics(platform: RunningPlatform) -> list[str]:
    """Drift as Prometheus reads it."""
    words = ("status", "--drift", "--repo", str(platform.repository.served), "--cluster", CLUSTER)
    done = CliRunner().invoke(cli, [*words, "--format", "metrics"], prog_name="goldenpath")
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_drift_of_the_fleet_is_found(
    upgrades: Upgrades, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = upgrades.tenants(1)
    platform = upgrades.platform
    monkeypatch.setenv("KUBECONFIG", kubeconfig(platform.api, tmp_path, CLUSTER))

    def drift() -> dict[str, Any]:
        words = ("status", "--drift", "--repo", str(platform.repository.served), "--cluster", CLUSTER)
        found = CliRunner().invoke(cli, [*words, "--format", "json"], prog_name="goldenpath")
        assert found.exit_code in {0, 1}, found.output
        document: dict[str, Any] = json.loads(found.stdout)
        assert bool(document["differences"]) == bool(found.exit_code)
        return {each["owner"]: each for each in document["differences"]}

    assert name not in drift()
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": f"{name}-compute", "namespace": name},
        "spec": {"hard": {"pods": "9999"}},
    }
    assert platform.api.apply(quota, "kubectl-edit").ok
    found = drift()[name]
    assert (found["object"], found["cluster"], found["action"]) == (
        f"ResourceQuota {name}/{name}-compute",
        CLUSTER,
        "change",
    )
    assert [(field["field"], field["managers"]) for field in found["fields"]] == [
        ("spec.hard.pods", ["kubectl-edit"])
    ]
    numbers = metrics(platform)
    assert f'goldenpath_drift_objects{{cluster="{CLUSTER}",kind="tenant",tenant="{name}"}} 1' in numbers
    assert f'goldenpath_drift_objects{{cluster="{CLUSTER}",kind="platform"}} 0' in numbers


def test_drift_of_a_platform_is_found_and_reverted_by_flux(
    platform: RunningPlatform, flux: Flux, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig(platform.api, tmp_path, CLUSTER))
    of_platform = f'goldenpath_drift_objects{{cluster="{CLUSTER}",kind="platform"}}'
    assert f"{of_platform} 0" in metrics(platform)
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "goldenpath-workload-owner"},
    }
    assert platform.api.merge(policy, {"spec": {"failurePolicy": "Ignore"}}).ok
    assert f"{of_platform} 1" in metrics(platform)
    words = ("status", "--drift", "--repo", str(platform.repository.served), "--cluster", CLUSTER)
    found = CliRunner().invoke(cli, [*words, "--format", "json"], prog_name="goldenpath")
    (difference,) = [each for each in json.loads(found.stdout)["differences"] if each["kind"] == "platform"]
    assert (difference["owner"], difference["action"]) == (CLUSTER, "change")
    assert [(field["field"], field["before"], field["after"]) for field in difference["fields"]] == [
        ("spec.failurePolicy", "Ignore", "Fail")
    ]
    flux.reconcile(KUSTOMIZATION, "platform")
    eventually(lambda: f"{of_platform} 0" in metrics(platform), "Flux has put the policy back", 120)
