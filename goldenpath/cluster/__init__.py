"""One Kubernetes API server: comparing, applying and inspecting objects.

For: connections, server-side apply and dry run, waiting, and the inspection of a cluster. Each verb has its own module,
and returns values with a closed set of actions.

Not for: rendering, Git, or the meaning of a request. Objects may come from any source. Pure modules (``field_diff``,
``managers``, ``readiness``, ``apply_order``, …) do no I/O. All others use :class:`ClusterClient`, the only place that
retries, slows down and gives up. Only :func:`connect` imports the `kubernetes` package, when it is called.
"""

from goldenpath.cluster.cluster_change_set import (
    Change,
    ClusterChangeSet,
    FieldConflict,
    ManagedFieldChange,
    ObjectAction,
    ObjectRef,
    Verified,
)
from goldenpath.cluster.cluster_client import ClusterClient
from goldenpath.cluster.connection import connect
from goldenpath.cluster.crds import custom_resource_definitions
from goldenpath.cluster.discovery import Resource
from goldenpath.cluster.drift_detection import drift
from goldenpath.cluster.dry_run_diff import diff
from goldenpath.cluster.inspection import Inspection, inspect
from goldenpath.cluster.kubeconfig import context_names
from goldenpath.cluster.managers import ManagedBy, managers_of
from goldenpath.cluster.readiness import Readiness, ReadinessState, condition_of, readiness_of
from goldenpath.cluster.server_side_apply import apply
from goldenpath.cluster.wait import wait

__all__ = [
    "Change",
    "ClusterChangeSet",
    "ClusterClient",
    "FieldConflict",
    "Inspection",
    "ManagedBy",
    "ManagedFieldChange",
    "ObjectAction",
    "ObjectRef",
    "Readiness",
    "ReadinessState",
    "Resource",
    "Verified",
    "apply",
    "condition_of",
    "connect",
    "context_names",
    "custom_resource_definitions",
    "diff",
    "drift",
    "inspect",
    "managers_of",
    "readiness_of",
    "wait",
]
