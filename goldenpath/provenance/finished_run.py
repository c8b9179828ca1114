"""Reads the Pods of a finished run, checks them against the shape of the golden path, and states the provenance. Pure.

The signer trusts only fields that no account of the tenant can write: the spec of a Pod except its images, and its
status, which the kubelet writes. Labels and annotations are not read. The status shows a changed image.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from goldenpath.oci.blob import is_digest
from goldenpath.provenance.lineage_record import LineageRecord, WantedInput
from goldenpath.provenance.model_training import Dependency, Parameters, TrainingProvenance
from goldenpath.provenance.pod_images import HASH_STEP
from goldenpath.provenance.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.spec.model_builder import Provenance

__all__ = ["HASH_COMMAND", "TRAINER", "FinishedRun"]

TRAINER: Final = "node"
HASH_COMMAND: Final = ("goldenpath", "lineage", "record")
_INPUT_VOLUMES: Final = frozenset({"image", "persistentVolumeClaim", "ephemeral"})
_OTHER_VOLUMES: Final = frozenset({"emptyDir", "secret", "csi", "projected"})


@dataclass(frozen=True)
class FinishedRun:
    """One run that has succeeded.

    Attributes:
        tenant: the namespace of its Pods.
        repository: the repository of its model.
        digest: the digest of the model's manifest.
        provenance: the inputs and parameters of the run.

    """

    tenant: str
    repository: str
    digest: str
    provenance: TrainingProvenance

    @classmethod
    def of_pods(cls, pods: Sequence[Mapping[str, Any]], builder: Provenance) -> Self:
        """Read the Pods of one run, one for each node.

        Raises:
            ArtifactRefusedError: a Pod has another shape, has not succeeded or changed its image; an input has no record or
                another digest; or the run names no output.
        """
        if not pods:
            raise refused("run-unfinished", "The run has no Pod.")
        parts = [_PodOfRun(pod, builder) for pod in pods]
        first = parts[0]
        if any(part.common_facts != first.common_facts for part in parts):
            raise refused("run-shape", "The Pods belong to different runs.")
        if len(parts) != first.nodes:
            raise refused("run-shape", f"The run has {first.nodes} nodes, but {len(parts)} Pods were given.")
        outputs = {part.output for part in parts if part.output}
        if len(outputs) != 1:
            raise refused("output-missing", f"The Pods wrote {len(outputs)} digests.")
        trees = {json.dumps(part.trees, sort_keys=True) for part in parts}
        if len(trees) != 1:
            raise refused("dataset-changed", "The nodes hashed different inputs.")
        return cls(first.tenant, first.repository, outputs.pop(), first.provenance(builder.builder))

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations of the model in the signed statement: its tenant and its repository."""
        return {"tenant": self.tenant, "repository": self.repository}


class _PodOfRun:
    """One Pod of a run, checked against the shape of the golden path."""

    def __init__(self, pod: Mapping[str, Any], builder: Provenance) -> None:
        self.metadata, self.spec, self.status = (_part(pod, key) for key in ("metadata", "spec", "status"))
        self.tenant = str(self.metadata.get("namespace", ""))
        if self.status.get("phase") != "Succeeded":
            raise refused("run-unfinished", f"The phase of the Pod is {self.status.get('phase')!r}.")
        self.hash_step, self.trainer = self._containers(builder)
        self.env = {
            str(entry.get("name")): str(entry.get("value", "")) for entry in self.trainer.get("env") or []
        }
        self.nodes = int(self.env.get("PET_NNODES") or 1)
        self.wanted = tuple(map(WantedInput.of_argument, self.hash_step.get("args") or []))
        self.sources = self._sources()
        record = self._end_state("initContainerStatuses", self.hash_step).get("message", "")
        self.trainer_state = self._end_state("containerStatuses", self.trainer)
        self.records = LineageRecord.parse(str(record)).match(self.wanted)
        self.trees = {name: each.tree for name, each in self.records.items()}
        written = str(self.trainer_state.get("message", "")).strip()
        self.output = written if is_digest(written) else ""
        self.repository = self.env.get("OUTPUT_REPOSITORY", "")

    @property
    def common_facts(self) -> tuple[Any, ...]:
        """The facts that all Pods of a run share."""
        return self.tenant, self.trainer["image"], self.wanted, self.sources, self.env

    def _containers(self, builder: Provenance) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        steps, trainers = self.spec.get("initContainers") or [], self.spec.get("containers") or []
        if [each.get("name") for each in (*steps, *trainers)] != [HASH_STEP, TRAINER] or len(steps) != 1:
            message = f"The Pod must have the init container {HASH_STEP} and the container {TRAINER}."
            raise refused("run-shape", message)
        if self.spec.get("ephemeralContainers"):
            raise refused("run-shape", "A container was added during the run.")
        (step,), (trainer,) = steps, trainers
        if step.get("image") != builder.image or tuple(step.get("command") or ()) != HASH_COMMAND:
            raise refused("run-shape", f"{HASH_STEP} must run {' '.join(HASH_COMMAND)} in {builder.image}.")
        return step, trainer

    def _sources(self) -> dict[str, str]:
        """The source of each input, by its name. Other volumes must not hold an input."""
        inputs = {each.name: each for each in self.wanted}
        found: dict[str, str] = {}
        for volume in self.spec.get("volumes") or []:
            name = str(volume.get("name"))
            kinds = set(volume) - {"name"}
            if name in inputs and len(kinds) == 1 and kinds <= _INPUT_VOLUMES:
                found[name] = _source(volume, inputs[name], self.tenant)
            elif not kinds <= _OTHER_VOLUMES:
                raise refused("run-shape", f"The hash step has not hashed the volume {name}.")
        if found.keys() != inputs.keys():
            missing = ", ".join(sorted(inputs.keys() - found.keys()))
            raise refused("run-shape", f"The Pod has no volume for {missing}.")
        for container in (self.hash_step, self.trainer):
            mounts = {str(mount.get("name")): mount for mount in container.get("volumeMounts") or []}
            for name, wanted in inputs.items():
                mount = mounts.get(name) or {}
                if mount.get("mountPath") != wanted.folder or mount.get("readOnly") is not True:
                    raise refused(
                        "run-shape",
                        f"{name} must be mounted read-only at {wanted.folder} in every container.",
                    )
        return found

    def _end_state(self, field: str, container: Mapping[str, Any]) -> Mapping[str, Any]:
        """The terminated state of a container, which must have run the image that the Pod names."""
        name = container.get("name")
        statuses: list[Mapping[str, Any]] = self.status.get(field) or []
        status = next((each for each in statuses if each.get("name") == name), {})
        ended = _part(_part(status, "state"), "terminated")
        if ended.get("exitCode") != 0 or status.get("restartCount", 0) != 0:
            raise refused("run-unfinished", f"{name} did not end with the exit code 0 at its first start.")
        wanted = str(container.get("image", "")).rpartition("@")[2]
        ran = str(status.get("imageID", "")).rpartition("@")[2]
        if not is_digest(wanted) or ran != wanted:
            raise refused("run-changed-image", f"{name} ran {ran or 'an unknown image'}.")
        return ended

    def provenance(self, builder: str) -> TrainingProvenance:
        image, _, digest = str(self.trainer["image"]).rpartition("@")
        dependencies = [Dependency.model_validate(_descriptor("image", image, digest))]
        if "SOURCE_COMMIT" in self.env:
            source = {"gitCommit": self.env["SOURCE_COMMIT"]}
            uri = f"git+{self.env.get('SOURCE_REPOSITORY', '')}"
            dependencies.append(Dependency.model_validate({"name": "source", "uri": uri, "digest": source}))
        for wanted in self.wanted:
            record = self.records[wanted.name]
            found = {
                "kind": wanted.kind,
                "tree": record.tree,
                "files": str(record.files),
                "bytes": str(record.bytes),
            }
            entry = _descriptor(wanted.name, self.sources[wanted.name], wanted.digest)
            dependencies.append(Dependency.model_validate({**entry, "annotations": found}))
        try:
            hyperparameters = json.loads(self.env.get("HYPERPARAMETERS", "{}"))
            run = int(self.env.get("RUN", "1"))
        except ValueError:
            message = "HYPERPARAMETERS and RUN must have the form that the golden path writes."
            raise refused("run-shape", message) from None
        parameters = Parameters(
            tenant=self.tenant,
            pipeline=self.env.get("PIPELINE", ""),
            run=run,
            command=tuple(self.trainer.get("command") or ()),
            args=tuple(self.trainer.get("args") or ()),
            hyperparameters=hyperparameters,
            output=self.repository,
        )
        return TrainingProvenance.of(
            parameters,
            tuple(dependencies),
            builder=builder,
            invocation=f"{self.tenant}/{self.metadata.get('uid', '')}",
            started=str(self.trainer_state.get("startedAt", "")),
            finished=str(self.trainer_state.get("finishedAt", "")),
        )


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _descriptor(name: str, uri: str, digest: str) -> dict[str, Any]:
    return {"name": name, "uri": uri, "digest": {"sha256": digest.removeprefix("sha256:")}}


def _source(volume: Mapping[str, Any], wanted: WantedInput, tenant: str) -> str:
    if "image" in volume:
        reference = str(_part(volume, "image").get("reference", ""))
        if wanted.kind != "image" or reference.rpartition("@")[2] != wanted.digest:
            raise refused("dataset-changed", f"{wanted.name} mounts {reference}.")
        return f"oci://{reference.rpartition('@')[0]}"
    if wanted.kind != "tree":
        raise refused("run-shape", f"{wanted.name} is not an image, so it must be hashed as a tree.")
    if "ephemeral" in volume:
        claim = _part(_part(_part(volume, "ephemeral"), "volumeClaimTemplate"), "spec")
        source = _part(claim, "dataSource")
        if source.get("kind") != "VolumeSnapshot":
            raise refused("run-shape", f"{wanted.name} does not come from a VolumeSnapshot.")
        return f"snapshot://{tenant}/{source.get('name', '')}"
    return f"pvc://{tenant}/{_part(volume, 'persistentVolumeClaim').get('claimName', '')}"
