"""Reads an object's readiness from its status. Pure.

The rules come from kstatus (`sigs.k8s.io/cli-utils/pkg/kstatus`), which Flux and Helm 4 follow too. A generation that
the controller has not observed is in progress. The conditions `Stalled`, `Reconciling` and `Ready` decide. Kinds older
than these conventions have their own rules. An object without a reporting controller is ready as soon as it exists.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Readiness", "ReadinessState", "condition_of", "readiness_of"]


class ReadinessState(enum.StrEnum):
    """The state of an object."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"
    TERMINATING = "terminating"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Readiness:
    """A state, and the reason that its controller reports."""

    state: ReadinessState
    message: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"state": self.state.value, "message": self.message}


_READY: Final = Readiness(ReadinessState.READY)


def readiness_of(body: Mapping[str, Any] | None) -> Readiness:
    """Return the readiness of an object; ``None`` is a missing object."""
    if body is None:
        return Readiness(ReadinessState.MISSING, "it does not exist")
    metadata, status = body.get("metadata") or {}, body.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return Readiness(ReadinessState.TERMINATING, _finalizers(metadata))
    observed = status.get("observedGeneration")
    if observed is not None and observed != metadata.get("generation"):
        return Readiness(
            ReadinessState.PROGRESSING, "its controller has not observed the newest generation yet"
        )
    if _is(body, "Stalled", "True"):
        return Readiness(ReadinessState.FAILED, _why(body, "Stalled"))
    if _is(body, "Reconciling", "True"):
        return Readiness(ReadinessState.PROGRESSING, _why(body, "Reconciling"))
    rule = _RULES.get(str(body.get("kind", "")))
    return rule(body) if rule else _by_condition(body, "Ready")


def condition_of(body: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """Return a condition of the object's status; None if it is not reported."""
    conditions = (body.get("status") or {}).get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if condition.get("type") == kind:
            found: Mapping[str, Any] = condition
            return found
    return None


def _is(body: Mapping[str, Any], kind: str, status: str) -> bool:
    condition = condition_of(body, kind)
    return condition is not None and condition.get("status") == status


def _why(body: Mapping[str, Any], kind: str) -> str:
    condition = condition_of(body, kind) or {}
    return ": ".join(str(part) for part in (condition.get("reason"), condition.get("message")) if part)


def _finalizers(metadata: Mapping[str, Any]) -> str:
    waiting = metadata.get("finalizers")
    return f"waits for {', '.join(waiting)}" if waiting else "it is being deleted"


def _by_condition(body: Mapping[str, Any], kind: str) -> Readiness:
    """Return ready if the condition is true or not reported.

    For kstatus, a false condition is in progress, since controllers retry. Here it is a failure, so that people see it.
    """
    condition = condition_of(body, kind)
    if condition is None or condition.get("status") == "True":
        return _READY
    state = ReadinessState.FAILED if condition.get("status") == "False" else ReadinessState.PROGRESSING
    return Readiness(state, _why(body, kind))


def _waiting_for(kind: str) -> Callable[[Mapping[str, Any]], Readiness]:
    """Return a rule like :func:`_by_condition` that treats a missing condition as in progress."""

    def rule(body: Mapping[str, Any]) -> Readiness:
        if condition_of(body, kind) is None:
            return Readiness(ReadinessState.PROGRESSING, f"its controller has not reported {kind} yet")
        return _by_condition(body, kind)

    return rule


def _replicas(body: Mapping[str, Any]) -> Readiness:
    """Deployment and StatefulSet are ready if all replicas have the newest version and are ready."""
    if _is(body, "Progressing", "False"):
        return Readiness(ReadinessState.FAILED, _why(body, "Progressing"))
    status = body.get("status") or {}
    wanted = (body.get("spec") or {}).get("replicas", 1)
    counts = {"updated": status.get("updatedReplicas", 0), "ready": status.get("readyReplicas", 0)}
    if "observedGeneration" not in status:
        return Readiness(ReadinessState.PROGRESSING, "its controller has not observed it yet")
    for word, count in counts.items():
        if count < wanted:
            return Readiness(ReadinessState.PROGRESSING, f"{count} of {wanted} replicas are {word}")
    if status.get("replicas", 0) > wanted:
        return Readiness(ReadinessState.PROGRESSING, "replicas of an older version still exist")
    return _READY


def _daemons(body: Mapping[str, Any]) -> Readiness:
    status = body.get("status") or {}
    wanted = status.get("desiredNumberScheduled")
    if wanted is None:
        return Readiness(ReadinessState.PROGRESSING, "its controller has not observed it yet")
    ready = min(status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0))
    return (
        _READY
        if ready >= wanted
        else Readiness(ReadinessState.PROGRESSING, f"{ready} of {wanted} nodes are ready")
    )


def _job(body: Mapping[str, Any]) -> Readiness:
    """A Job is ready once it has started or is suspended, unless it has failed."""
    if _is(body, "Failed", "True"):
        return Readiness(ReadinessState.FAILED, _why(body, "Failed"))
    return (
        _READY
        if "startTime" in (body.get("status") or {}) or _is_suspended(body)
        else Readiness(ReadinessState.PROGRESSING, "it has not started")
    )


def _is_suspended(body: Mapping[str, Any]) -> bool:
    return bool((body.get("spec") or {}).get("suspend"))


def _pod(body: Mapping[str, Any]) -> Readiness:
    phase = (body.get("status") or {}).get("phase", "Pending")
    if phase == "Succeeded" or (phase == "Running" and _is(body, "Ready", "True")):
        return _READY
    state = ReadinessState.FAILED if phase == "Failed" else ReadinessState.PROGRESSING
    return Readiness(state, _why(body, "Ready") or f"it is {phase}")


def _claim(body: Mapping[str, Any]) -> Readiness:
    phase = (body.get("status") or {}).get("phase", "Pending")
    return _READY if phase == "Bound" else Readiness(ReadinessState.PROGRESSING, f"it is {phase}")


def _quota(body: Mapping[str, Any]) -> Readiness:
    """A quota is ready once its controller has copied the limits to the status; before, it refuses everything."""
    wanted, counted = (body.get("spec") or {}).get("hard"), (body.get("status") or {}).get("hard")
    return _READY if wanted == counted else Readiness(ReadinessState.PROGRESSING, "it is not enforced yet")


def _namespace(body: Mapping[str, Any]) -> Readiness:
    phase = (body.get("status") or {}).get("phase")
    return _READY if phase == "Active" else Readiness(ReadinessState.PROGRESSING, f"it is {phase or 'new'}")


def _definition(body: Mapping[str, Any]) -> Readiness:
    if _is(body, "NamesAccepted", "False"):
        return Readiness(ReadinessState.FAILED, _why(body, "NamesAccepted"))
    return _waiting_for("Established")(body)


_RULES: Final[Mapping[str, Callable[[Mapping[str, Any]], Readiness]]] = {
    "ClusterQueue": _waiting_for("Active"),
    "CustomResourceDefinition": _definition,
    "DaemonSet": _daemons,
    "Deployment": _replicas,
    "GitRepository": _waiting_for("Ready"),
    "HelmRelease": _waiting_for("Ready"),
    "Job": _job,
    "Kustomization": _waiting_for("Ready"),
    "LocalQueue": _waiting_for("Active"),
    "Namespace": _namespace,
    "OCIRepository": _waiting_for("Ready"),
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "ResourceQuota": _quota,
    "ScaledJob": _waiting_for("Ready"),
    "ScaledObject": _waiting_for("Ready"),
    "StatefulSet": _replicas,
}
