"""Checks a model pipeline: one run for each spec, fixed inputs, and what it needs of its tenant and cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check.finding_factory import object_error, request_finding
from goldenpath.check.object_bodies import mapping
from goldenpath.findings import Severity
from goldenpath.spec.model_pipeline import DatasetVolume
from goldenpath.spec.types import quantity_value
from goldenpath.tenancy.model_pipeline_on_cluster import RunKind, run_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.findings import Finding
    from goldenpath.tenancy.model_pipeline_on_cluster import ModelPipelineOnCluster
    from goldenpath.tenancy.rendered import RenderedOnCluster

    Rendered = RenderedOnCluster[ModelPipelineOnCluster]

__all__ = ["PIPELINE_CHECKS"]

_RUNS: Final = frozenset({"Job", "JobSet", "TrainingRuntime"})
"""Kinds that hold the Pod template of a run."""


def _check_run_name(rendered: Rendered) -> Iterator[Finding]:
    """The name of the run matches its spec. An override would change the spec under the same name."""
    pipeline = rendered.resolved
    for item in rendered.objects:
        if item.kind in _RUNS and item.namespace == pipeline.namespace:
            wanted = run_name(pipeline.name, mapping(item.body, "spec"))
            if item.name != wanted:
                message = f"has another name than the run of this spec, {wanted}: a Pod template cannot change under the same name"
                fix = "Remove the override and change the request. To run the same inputs again, raise `run`."
                yield object_error(item, "spec", "run-changed", message, fix)


def _check_inputs(rendered: Rendered) -> Iterator[Finding]:
    """No input can change between the hash step and the end of training."""
    pipeline = rendered.resolved
    for index, dataset in enumerate(pipeline.spec.datasets):
        if isinstance(dataset, DatasetVolume):
            message = (
                f"other Pods may write to {dataset.pvc} while training reads it: the hash step verifies the digest before "
                "training, and no step verifies it afterwards"
            )
            fix = "Pack the dataset as an OCI artifact (`oci`), or use a snapshot of the volume (`snapshot`)."
            yield request_finding(
                pipeline, "dataset-writable", Severity.WARNING, f"datasets[{index}].pvc", message, fix=fix
            )


def _check_add_ons(rendered: Rendered) -> Iterator[Finding]:
    """The cluster has JobSet, where the run needs it."""
    pipeline = rendered.resolved
    if pipeline.kind is RunKind.JOB and pipeline.nodes > 1:
        message = f"the run takes {pipeline.nodes} nodes, and {pipeline.cluster_name} has no JobSet, so the Pods cannot find each other"
        fix = "Install JobSet and name it under `addons`, or use one node."
        yield request_finding(
            pipeline, "addon-missing/jobset", Severity.ERROR, "accelerator.nodes", message, fix=fix
        )
    if pipeline.kind is RunKind.TRAIN_JOB and not pipeline.platform.has("jobset"):
        message = f"Kubeflow Trainer creates JobSets, and {pipeline.cluster_name} has no JobSet"
        yield request_finding(
            pipeline,
            "addon-missing/jobset",
            Severity.ERROR,
            "accelerator",
            message,
            fix="Install JobSet and name it under `addons`.",
        )


def _check_account(rendered: Rendered) -> Iterator[Finding]:
    """The tenant declares the service account of the Pods."""
    pipeline = rendered.resolved
    identity, account = pipeline.tenancy.tenant.identity, pipeline.spec.service_account
    if account is not None and (identity is None or account not in identity.service_accounts):
        message = f"tenant {pipeline.namespace} declares no service account {account}, so the Pods cannot be created"
        fix = f"Add {account} under `identity.service_accounts` in the tenant's request."
        yield request_finding(
            pipeline, "account-not-declared", Severity.ERROR, "service_account", message, fix=fix
        )


def _check_compute(rendered: Rendered) -> Iterator[Finding]:
    """The tenant's quota has CPU and memory for all Pods."""
    pipeline = rendered.resolved
    compute = pipeline.tenancy.compute
    for field, one, quota in (
        ("cpu", pipeline.cpu, compute.cpu),
        ("memory", pipeline.memory, compute.memory),
    ):
        if quantity_value(one) * pipeline.nodes > quantity_value(quota):
            message = (
                f"{pipeline.nodes} Pods take more {field} than {pipeline.namespace} has on {pipeline.cluster_name}: "
                f"{one} for each Pod, {quota} for all"
            )
            fix = f"Ask for more in the tenant's request (`compute.{field}`), or give less to each Pod."
            yield request_finding(
                pipeline, "workload-compute", Severity.ERROR, f"compute.{field}", message, fix=fix
            )


PIPELINE_CHECKS: Final = (_check_run_name, _check_inputs, _check_add_ons, _check_account, _check_compute)
