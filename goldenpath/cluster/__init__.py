"""One Kubernetes API server: what it has, what it would change, and changing it.

For: connecting, server-side apply and dry run, waiting, reading what runs on a cluster. One verb, one file; results
are values with a closed set of actions.

Not for: rendering, Git, or what a request means. Objects come in as they are; their origin does not matter here. Pure
parts (`fields`, `managers`, `readiness`, `order`, …) do no I/O; everything else speaks through :class:`ClusterClient`,
which is the one place that retries, slows down and gives up. The `kubernetes` package is imported by
:func:`connect` alone, when it is called.
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
