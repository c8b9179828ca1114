"""A model pipeline: whether its run happens once, what of its inputs stays open, and what it needs on its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check.object_bodies import mapping
from goldenpath.findings import Finding, Severity
from goldenpath.spec.model_pipeline import DatasetVolume
from goldenpath.spec.types import quantity_value
from goldenpath.tenancy.model_pipeline_on_cluster import RunKind, run_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.tenancy.model_pipeline_on_cluster import ModelPipelineOnCluster
    from goldenpath.tenancy.rendered import RenderedOnCluster

    Rendered = RenderedOnCluster[ModelPipelineOnCluster]

__all__ = ["PIPELINE_CHECKS"]

_RUNS: Final = frozenset({"Job", "JobSet", "TrainingRuntime"})
"""Kinds that hold the Pod template of a run."""


def _runs_once(rendered: Rendered) -> Iterator[Finding]:
    """The name of a run follows from its spec; an override would change the spec under the same name."""
    pipeline = rendered.resolved
    for item in rendered.objects:
        if item.kind in _RUNS and item.namespace == pipeline.namespace:
            wanted = run_name(pipeline.name, mapping(item.body, "spec"))
            if item.name != wanted:
                message = f"is not the run of this spec, which is {wanted}: its Pod template cannot change under the same name"
                fix = (
                    "Take the override back, and change the request; for the same inputs again, raise `run`."
                )
                yield Finding(item.file, str(item), "spec", "run-changed", Severity.ERROR, message, fix)


def _inputs(rendered: Rendered) -> Iterator[Finding]:
    """What can still change between the hash step and the end of training."""
    pipeline = rendered.resolved
    for index, dataset in enumerate(pipeline.spec.datasets):
        if isinstance(dataset, DatasetVolume):
            message = (
                f"{dataset.pvc} may be written by other Pods while training reads it: the hash step holds it to its digest "
                "before training, and nothing does afterwards"
            )
            fix = (
                "Pack the dataset as an OCI artifact (`oci`), or take a snapshot of the volume (`snapshot`)."
            )
            yield _finding(
                pipeline, "dataset-writable", Severity.WARNING, f"datasets[{index}].pvc", message, fix
            )


def _add_ons(rendered: Rendered) -> Iterator[Finding]:
    """Several nodes need JobSet."""
    pipeline = rendered.resolved
    if pipeline.kind is RunKind.JOB and pipeline.nodes > 1:
        message = f"the run takes {pipeline.nodes} nodes, and {pipeline.cluster_name} has no JobSet: its Pods would not find each other"
        fix = "Install JobSet and name it under `addons`, or take one node."
        yield _finding(pipeline, "addon-missing/jobset", Severity.ERROR, "accelerator.nodes", message, fix)
    if pipeline.kind is RunKind.TRAIN_JOB and not pipeline.platform.has("jobset"):
        message = f"Kubeflow Trainer makes JobSets, and {pipeline.cluster_name} has no JobSet"
        yield _finding(
            pipeline,
            "addon-missing/jobset",
            Severity.ERROR,
            "accelerator",
            message,
            "Install JobSet and name it under `addons`.",
        )


def _account(rendered: Rendered) -> Iterator[Finding]:
    """The Pods' service account is one that the tenant declares."""
    pipeline = rendered.resolved
    identity, asked = pipeline.tenancy.tenant.identity, pipeline.spec.service_account
    if asked is not None and (identity is None or asked not in identity.service_accounts):
        message = f"{pipeline.namespace} declares no service account {asked}: its Pods would not be created"
        fix = f"Add {asked} under `identity.service_accounts` in the tenant's request."
        yield _finding(pipeline, "account-not-declared", Severity.ERROR, "service_account", message, fix)


def _compute(rendered: Rendered) -> Iterator[Finding]:
    """CPU and memory of all Pods, against the tenant's quota."""
    pipeline = rendered.resolved
    has = pipeline.tenancy.compute
    for field, one, quota in (("cpu", pipeline.cpu, has.cpu), ("memory", pipeline.memory, has.memory)):
        if quantity_value(one) * pipeline.nodes > quantity_value(quota):
            message = (
                f"{pipeline.nodes} Pods take more {field} than {pipeline.namespace} has on {pipeline.cluster_name}: "
                f"{one} for each Pod, {quota} for all"
            )
            fix = f"Ask for more in the tenant's request (`compute.{field}`), or give less to each Pod."
            yield _finding(pipeline, "workload-compute", Severity.ERROR, f"compute.{field}", message, fix)


def _finding(  # noqa: PLR0917 - the order of Finding
    pipeline: ModelPipelineOnCluster, rule: str, severity: Severity, field: str, message: str, fix: str
) -> Finding:
    place = f"Workload {pipeline.ref.path} on {pipeline.cluster_name}"
    return Finding("", place, field, rule, severity, message, fix)


PIPELINE_CHECKS: Final = (_runs_once, _inputs, _add_ons, _account, _compute)
