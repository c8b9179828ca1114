"""Health of a merged change, from the status of a Kustomization."""

from __future__ import annotations

from typing import Any

import pytest

from goldenpath.cluster import Readiness, ReadinessState
from goldenpath.waves.flux_health import health_of
from goldenpath.waves.owner_health import HealthState


def kustomization(
    ready: str,
    *,
    reason: str = "",
    applied: str = "new",
    attempted: str = "new",
    observed: int = 2,
    history: tuple[tuple[str, str], ...] = (),
) -> dict[str, Any]:
    """As kustomize-controller 1.9.4 states it; ``history`` has outcomes and commits, newest first."""
    return {
        "metadata": {"name": "vision", "generation": 2},
        "status": {
            "observedGeneration": observed,
            "lastAppliedRevision": f"main@sha1:{applied}",
            "lastAttemptedRevision": f"main@sha1:{attempted}",
            "history": [
                {"lastReconciledStatus": outcome, "metadata": {"revision": f"main@sha1:{commit}"}}
                for outcome, commit in history
            ],
            "conditions": [{"type": "Ready", "status": ready, "reason": reason, "message": "why"}],
        },
    }


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (None, HealthState.APPLYING),
        (kustomization("True"), HealthState.HEALTHY),
        (kustomization("True", applied="old"), HealthState.APPLYING),
        (kustomization("True", observed=1), HealthState.APPLYING),
        (kustomization("Unknown", reason="Progressing"), HealthState.APPLYING),
        (kustomization("False", reason="HealthCheckFailed", applied="old"), HealthState.UNHEALTHY),
        (kustomization("False", reason="BuildFailed", applied="old", attempted="old"), HealthState.APPLYING),
        (kustomization("False", reason="DependencyNotReady", applied="old"), HealthState.APPLYING),
        ({**kustomization("True"), "spec": {"suspend": True}}, HealthState.APPLYING),
    ],
)
def test_ready_counts_at_the_merge_or_later(body: dict[str, Any] | None, state: HealthState) -> None:
    assert health_of(body, is_applied=lambda commit: commit == "new").state is state


@pytest.mark.parametrize(
    ("history", "attempted", "state"),
    [
        ((), "new", HealthState.APPLYING),
        ((("ReconciliationSucceeded", "old"),), "new", HealthState.APPLYING),
        ((("ReconciliationFailed", "new"), ("ReconciliationSucceeded", "old")), "new", HealthState.UNHEALTHY),
        ((("HealthCheckFailed", "new"),), "new", HealthState.UNHEALTHY),
        # It failed before the merge, and the merge may mend it.
        ((("ReconciliationFailed", "old"),), "new", HealthState.APPLYING),
        ((("ReconciliationFailed", "old"),), "old", HealthState.APPLYING),
        ((("ReconciliationSucceeded", "new"), ("ReconciliationFailed", "new")), "new", HealthState.APPLYING),
    ],
)
def test_a_retry_after_a_failure_is_not_a_first_attempt(
    history: tuple[tuple[str, str], ...], attempted: str, state: HealthState
) -> None:
    body = kustomization("Unknown", reason="Progressing", applied="old", attempted=attempted, history=history)
    assert health_of(body, is_applied=lambda commit: commit == "new").state is state


def test_objects_that_wait_for_a_queue_are_not_unhealthy() -> None:
    failed = kustomization("False", reason="HealthCheckFailed", applied="old")
    found = health_of(failed, is_applied=lambda commit: commit == "new", waits_for_quota=lambda: True)
    assert found.state is HealthState.WAITING_FOR_QUOTA


@pytest.mark.parametrize(
    ("state", "waits", "health"),
    [
        (ReadinessState.READY, False, HealthState.HEALTHY),
        (ReadinessState.PROGRESSING, False, HealthState.APPLYING),
        (ReadinessState.FAILED, False, HealthState.UNHEALTHY),
        (ReadinessState.MISSING, False, HealthState.UNHEALTHY),
        (ReadinessState.PROGRESSING, True, HealthState.WAITING_FOR_QUOTA),
        (ReadinessState.FAILED, True, HealthState.WAITING_FOR_QUOTA),
    ],
)
def test_the_worst_applied_object_decides_where_flux_is_ready(
    state: ReadinessState, health: HealthState, *, waits: bool
) -> None:
    found = health_of(
        kustomization("True"),
        is_applied=lambda commit: commit == "new",
        waits_for_quota=lambda: waits,
        worst_object=lambda _: Readiness(state, "Deployment vision/chat: why"),
    )
    assert (found.state, found.why) == (
        health,
        "" if health is HealthState.HEALTHY else "Deployment vision/chat: why",
    )
