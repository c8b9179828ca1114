"""A model pipeline on a cluster: its run, its inputs and its resources."""

from __future__ import annotations

import enum
import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.spec.model_pipeline import Dataset, DatasetImage, DatasetSnapshot, DatasetVolume
from goldenpath.spec.quantities import canonical_quantity
from goldenpath.spec.types import duration_seconds
from goldenpath.tenancy.accelerated_workload import AcceleratedWorkload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.spec.model_builder import Provenance
    from goldenpath.spec.model_pipeline import ModelPipeline
    from goldenpath.tenancy.workload_on_cluster import WorkloadOnCluster

__all__ = [
    "BASE_MODEL_FOLDER",
    "DATASETS_FOLDER",
    "ModelPipelineOnCluster",
    "PipelineInput",
    "RunKind",
    "run_name",
]

DATASETS_FOLDER: Final = "/datasets"
BASE_MODEL_FOLDER: Final = "/base-model"
_DIGEST_CHARS: Final = 10
_GIB_OF_SHARED_MEMORY: Final = 4


class RunKind(enum.StrEnum):
    """The object that runs the pipeline. It depends on the add-ons of the cluster."""

    JOB = "job"
    JOB_SET = "jobset"
    TRAIN_JOB = "trainjob"


@dataclass(frozen=True, slots=True)
class PipelineInput:
    """One input of the hash step.

    ``name`` is the name of the volume, such as ``dataset-corpus`` or ``base-model``, and ``folder`` its mount path.
    ``digest`` is the manifest digest of an image, or the tree digest of another input. With ``is_image``, the kubelet
    verifies the digest.
    """

    name: str
    folder: str
    digest: str
    is_image: bool

    @property
    def argument(self) -> str:
        kind = "image" if self.is_image else "tree"
        return f"--{kind}={self.name}={self.folder}={self.digest}"


def run_name(name: str, spec: Mapping[str, Any]) -> str:
    """Return the name of a run: the name of the pipeline and a digest of the spec.

    The Pod template of a Job cannot change, and a Job runs once. So a new template needs a new Job with a new name.

    Args:
        name: the name of the pipeline.
        spec: the ``spec`` of the object with the Pod template.
    """
    canonical = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return f"{name}-{hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_CHARS]}"


@dataclass(frozen=True)
class ModelPipelineOnCluster(AcceleratedWorkload):
    spec: ModelPipeline

    @cached_property
    def kind(self) -> RunKind:
        if self.platform.has("kubeflow-trainer"):
            return RunKind.TRAIN_JOB
        return RunKind.JOB_SET if self.platform.has("jobset") else RunKind.JOB

    def run_name(self, spec: str) -> str:
        """Return the name of the run with this ``spec``, given as YAML."""
        return run_name(self.name, kubeyaml.load(spec))

    @property
    def provenance(self) -> Provenance:
        """The fleet's builder.

        Raises:
            ValueError: the fleet has no builder. The parser refuses such a request.
        """
        if self.fleet.provenance is None:
            raise ValueError(f"{self.ref}: the fleet names no `provenance`")
        return self.fleet.provenance

    @property
    def nodes(self) -> int:
        return self.spec.accelerator.nodes

    @property
    def devices_of_pod(self) -> int:
        """Accelerators of one Pod."""
        return self.spec.accelerator.count

    # Inputs ----------------------------------------------------------------------------------------------------

    @cached_property
    def inputs(self) -> tuple[PipelineInput, ...]:
        """The datasets and the base model, which are mounted read-only and hashed before training."""
        datasets = tuple(self._input(dataset) for dataset in self.spec.datasets)
        if self.spec.base_model is None:
            return datasets
        digest = self.spec.base_model.rpartition("@")[2]
        return (*datasets, PipelineInput("base-model", BASE_MODEL_FOLDER, digest, is_image=True))

    @staticmethod
    def _input(dataset: Dataset) -> PipelineInput:
        name, folder = f"dataset-{dataset.name}", f"{DATASETS_FOLDER}/{dataset.name}"
        if isinstance(dataset, DatasetImage):
            return PipelineInput(name, folder, dataset.oci.rpartition("@")[2], is_image=True)
        return PipelineInput(name, folder, dataset.digest, is_image=False)

    @cached_property
    def volumes(self) -> list[dict[str, Any]]:
        found = [{"name": f"dataset-{dataset.name}", **_volume(dataset)} for dataset in self.spec.datasets]
        if self.spec.base_model is not None:
            found.append({"name": "base-model", **_image_volume(self.spec.base_model)})
        return found

    @cached_property
    def mounts(self) -> list[dict[str, Any]]:
        """The read-only volume mounts of the inputs, for the hash step and for training."""
        paths = {f"dataset-{d.name}": d.path for d in self.spec.datasets if isinstance(d, DatasetVolume)}
        return [
            {
                "name": each.name,
                "mountPath": each.folder,
                "readOnly": True,
                **({"subPath": path} if (path := _inside(paths.get(each.name, ""))) else {}),
            }
            for each in self.inputs
        ]

    @property
    def hyperparameters(self) -> str:
        """The hyperparameters as canonical JSON."""
        return json.dumps(self.spec.hyperparameters, sort_keys=True, separators=(",", ":"))

    @property
    def output(self) -> str:
        """The repository of the model, without the scheme."""
        return self.spec.output.removeprefix("oci://")

    # Resources -------------------------------------------------------------------------------------------------

    @property
    def cpu(self) -> str:
        """Cores of each Pod."""
        return canonical_quantity(self.spec.compute.cpu or str(4 * self.devices_of_pod))

    @property
    def memory(self) -> str:
        """Memory of each Pod."""
        return canonical_quantity(self.spec.compute.memory or f"{32 * self.devices_of_pod}Gi")

    @property
    def shared_memory(self) -> str:
        """Memory that the processes of a Pod share; part of the Pod's memory."""
        return f"{_GIB_OF_SHARED_MEMORY * self.devices_of_pod}Gi"

    @property
    def deadline_seconds(self) -> int:
        return math.ceil(duration_seconds(self.spec.time_limit))

    @property
    def claim_name(self) -> str:
        """The name of the ResourceClaimTemplate. It depends on the spec, which cannot change."""
        spec = f"{self.pool.name}/{self.devices_of_pod}"
        return f"{self.name}-{hashlib.sha256(spec.encode()).hexdigest()[:_DIGEST_CHARS]}"

    @property
    def ends(self) -> bool:
        """Always true. Flux reports a Job as in progress until it ends (fluxcd/pkg, ``runtime/statusreaders/job.go``)."""
        return True

    def words(self, everywhere: Sequence[WorkloadOnCluster]) -> dict[str, Any]:
        return {**super().words(everywhere), "pipeline": self}


def _volume(dataset: Dataset) -> dict[str, Any]:
    if isinstance(dataset, DatasetImage):
        return _image_volume(dataset.oci)
    if isinstance(dataset, DatasetSnapshot):
        claim: dict[str, Any] = {
            "accessModes": ["ReadWriteOnce"],
            "dataSource": {
                "apiGroup": "snapshot.storage.k8s.io",
                "kind": "VolumeSnapshot",
                "name": dataset.snapshot,
            },
            "resources": {"requests": {"storage": canonical_quantity(dataset.size)}},
        }
        if dataset.storage_class is not None:
            claim["storageClassName"] = dataset.storage_class
        return {"ephemeral": {"volumeClaimTemplate": {"spec": claim}}}
    return {"persistentVolumeClaim": {"claimName": dataset.pvc, "readOnly": True}}


def _image_volume(url: str) -> dict[str, Any]:
    return {"image": {"reference": url.removeprefix("oci://"), "pullPolicy": "IfNotPresent"}}


def _inside(path: str) -> str:
    return path.removeprefix("./").rstrip("/")
