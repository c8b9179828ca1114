"""An inference service on a cluster: its server, accelerators, scaler and identity, with every default applied."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from goldenpath.addons import version_of
from goldenpath.engines import Engine, Signal, engine_catalogue
from goldenpath.sizing import cold_start
from goldenpath.spec.inference_rules import engine_image
from goldenpath.spec.inference_service import HubModel, OciModel, S3Model, VolumeModel
from goldenpath.spec.quantities import canonical_quantity
from goldenpath.spec.types import duration_seconds
from goldenpath.tenancy.accelerated_workload import AcceleratedWorkload
from goldenpath.tenancy.endpoint_picker import picker_of
from goldenpath.tenancy.engine_command import PORT, EngineCommand, EngineSettings, engine_command
from goldenpath.tenancy.monitoring import service_rule_group
from goldenpath.tenancy.server_plan import ServerPlan, architecture_of, plan_server
from goldenpath.tenancy.service_goals import latency_goals
from goldenpath.tenancy.service_scaling import Scaler, ServiceMetrics, scaler_of
from goldenpath.tenancy.sizing_promise import SizingPromise, promise_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.spec.inference_service import InferenceService
    from goldenpath.telemetry import LatencyGoal, RuleGroup
    from goldenpath.tenancy.endpoint_picker import PickerServer
    from goldenpath.tenancy.workload_on_cluster import WorkloadOnCluster

__all__ = ["InferenceServiceOnCluster", "ServerKind"]

MODEL_FOLDER: Final = "/model"
_KILL_SECONDS: Final = 15
"""The time for the engine to exit after the last answer."""
_LEAST_START_SECONDS: Final = 600
_DOWNLOAD_GB_A_SECOND: Final = 0.1
"""The slowest download of weights that still counts as progress."""
_UNKNOWN_START_SECONDS: Final = 3600
"""The start time of a model whose weights sizing does not know."""
_POOL_WITHOUT_PICKER: Final = (1, 6)
"""The first version of the Gateway API inference extension with an optional `endpointPickerRef` (api/v1)."""
_GIB_OF_SHARED_MEMORY: Final = 2
_VOLUME_SPARE: Final = 1.2


class ServerKind(enum.StrEnum):
    """The object that runs the server. It depends on the add-ons of the cluster and the nodes of a replica."""

    DEPLOYMENT = "deployment"
    GROUP = "leader-worker-set"
    KSERVE = "kserve"


@dataclass(frozen=True)
class InferenceServiceOnCluster(AcceleratedWorkload):
    spec: InferenceService

    # Templates read these constants.
    port: ClassVar = PORT
    model_folder: ClassVar = MODEL_FOLDER
    pre_stop_seconds: ClassVar = 15
    """How long a stopping server still answers, so that every proxy can remove it first."""
    probe_seconds: ClassVar = 10

    # The server ------------------------------------------------------------------------------------------------

    @cached_property
    def kind(self) -> ServerKind:
        if self.plan.parallelism.nodes > 1:
            return ServerKind.GROUP
        if self.platform.has("kserve") and self.engine.name == "vllm":
            return ServerKind.KSERVE
        return ServerKind.DEPLOYMENT

    @property
    def target(self) -> dict[str, str]:
        """The reference of the object that the scaler scales."""
        if self.kind is ServerKind.GROUP:
            return {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": self.name}
        # KServe's controller creates a Deployment of this name (kserve 0.20, llmisvc, mainDeploymentName).
        name = f"{self.name}-kserve" if self.kind is ServerKind.KSERVE else self.name
        return {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}

    @property
    def pod_pattern(self) -> str:
        """A regular expression that matches the names of the service's Pods and of no other Pods."""
        if self.kind is ServerKind.GROUP:
            return f"{self.name}-[0-9]+(-[0-9]+)?"
        return f"{self.target['name']}-[a-z0-9]+-[a-z0-9]+"

    @property
    def example_pod(self) -> str:
        """A possible name of one of the Pods."""
        return f"{self.name}-0" if self.kind is ServerKind.GROUP else f"{self.target['name']}-7d4b9c-x2x4z"

    @cached_property
    def engine(self) -> Engine:
        return engine_catalogue().get(self.spec.engine.name)

    @cached_property
    def version(self) -> str:
        """The version of the engine: from the request, or the fleet's image, or the default of the catalogue."""
        if self.spec.engine.version is not None:
            return self.spec.engine.version
        image = None if self.spec.engine.image else self._fleet_image
        is_known = image is not None and self.engine.knows(image.version)
        return image.version if image is not None and is_known else self.engine.default_version

    @cached_property
    def _fleet_image(self) -> Any:
        vendor = self.pool.accelerator.vendor
        return engine_image(self.fleet, self.spec.engine.name, vendor, self.spec.engine.version)

    @cached_property
    def image(self) -> str:
        """The image of the server, with its digest."""
        own = self.spec.engine.image
        return own if own is not None else str(self._fleet_image.image)

    @cached_property
    def plan(self) -> ServerPlan:
        return plan_server(self.spec, self.version)

    @property
    def devices(self) -> int:
        """Accelerators of one replica."""
        return self.plan.parallelism.devices

    @property
    def nodes(self) -> int:
        """Nodes of one replica."""
        return self.plan.parallelism.nodes

    @property
    def devices_of_pod(self) -> int:
        """Accelerators of one Pod."""
        return self.devices // self.nodes

    @cached_property
    def command(self) -> EngineCommand:
        context, sizing = self.context, self.plan.sizing
        return engine_command(
            self.engine.name,
            EngineSettings(
                version=self.version,
                model=self.spec.model.name,
                path=self.model_path,
                context=context,
                parallelism=self.plan.parallelism,
                kv_precision=self.spec.model.kv_precision,
                max_sequences=sizing.max_num_seqs if sizing is not None else None,
                shutdown_seconds=self.longest_answer_seconds,
                more=self.spec.engine.arguments,
            ),
        )

    @cached_property
    def context(self) -> int | None:
        """The most tokens of input and output together; None if unknown, and the engine then uses the model's limit."""
        if self.plan.fit is not None:
            return self.plan.fit.context
        return self.spec.model.context

    # Weights ---------------------------------------------------------------------------------------------------

    @property
    def source(self) -> OciModel | HubModel | S3Model | VolumeModel:
        return self.spec.model.source

    @property
    def source_kind(self) -> str:
        """``oci``, ``hf``, ``s3`` or ``pvc``."""
        kinds = {OciModel: "oci", HubModel: "hf", S3Model: "s3", VolumeModel: "pvc"}
        return kinds[type(self.source)]

    @property
    def model_path(self) -> str:
        """The folder of the weights in the server's container."""
        source = self.source
        inside = source.path if isinstance(source, OciModel | VolumeModel) else "./"
        return f"{MODEL_FOLDER}/{inside.removeprefix('./').rstrip('/')}".rstrip("/")

    @property
    def kserve_uri(self) -> str:
        """The URI of the weights for KServe, which does not load them itself."""
        source = self.source
        if isinstance(source, OciModel):
            return f"oci+native://{self.model_reference}"
        if isinstance(source, HubModel):
            return f"hf://{source.hf}:{source.revision}"
        return source.s3 if isinstance(source, S3Model) else f"pvc://{source.pvc}"

    @property
    def model_reference(self) -> str:
        """The image reference of the weights; empty for other sources."""
        return self.source.oci.removeprefix("oci://") if isinstance(self.source, OciModel) else ""

    @cached_property
    def weights_gib(self) -> int | None:
        """GiB of all weights, rounded up; None if sizing does not know the model."""
        fit = self.plan.fit
        return None if fit is None else math.ceil(fit.weights_gib * fit.parallelism.devices)

    @property
    def volume_gib(self) -> int | None:
        """The size limit of a downloaded model on the node, in GiB."""
        return None if self.weights_gib is None else math.ceil(self.weights_gib * _VOLUME_SPARE) + 1

    # Time ------------------------------------------------------------------------------------------------------

    @property
    def longest_answer_seconds(self) -> int:
        return math.ceil(duration_seconds(self.spec.longest_answer))

    @property
    def grace_seconds(self) -> int:
        """The grace period of a Pod: longer than the longest answer."""
        return self.pre_stop_seconds + self.longest_answer_seconds + _KILL_SECONDS

    @cached_property
    def start_seconds(self) -> int:
        """The longest accepted start: the engine reads the weights, compiles and captures graphs."""
        if self.plan.fit is None:
            return _UNKNOWN_START_SECONDS
        return max(_LEAST_START_SECONDS, math.ceil(cold_start(self.plan.fit).high / 60) * 60)

    @property
    def start_failures(self) -> int:
        """The number of startup probes that may fail."""
        return -(-self.start_seconds // self.probe_seconds)

    @cached_property
    def progress_seconds(self) -> int:
        """How long a rollout may make no progress: the download of the weights, and the start of the server."""
        gigabytes = (self.weights_gib or 200) * 2**30 / 1e9
        return self.start_seconds + math.ceil(gigabytes / _DOWNLOAD_GB_A_SECOND / 60) * 60

    @property
    def startup_timeout(self) -> str:
        """The timeout of the service's Kustomization."""
        return f"{math.ceil(self.progress_seconds / 60) + 5}m"

    # Where it runs ---------------------------------------------------------------------------------------------

    @cached_property
    def has_room_for_another(self) -> bool:
        """Whether quota and queue have room for one replica above the maximum, during a rollout."""
        if self.grant is None:
            return False
        available = self.grant.quota + (self.grant.borrow if self.queue else 0)
        return available >= (self.scaler.most + 1) * self.devices

    @property
    def cpu(self) -> str:
        """Cores of each Pod."""
        return canonical_quantity(self.spec.compute.cpu or str(2 + 2 * self.devices_of_pod))

    @property
    def memory(self) -> str:
        """Memory of each Pod."""
        return canonical_quantity(self.spec.compute.memory or f"{16 * self.devices_of_pod}Gi")

    @property
    def shared_memory(self) -> str:
        """Memory that the processes of a Pod share; part of the Pod's memory."""
        return f"{_GIB_OF_SHARED_MEMORY * max(1, self.devices_of_pod // 2)}Gi"

    # Scaling and callers ---------------------------------------------------------------------------------------

    @cached_property
    def metrics(self) -> ServiceMetrics:
        """The metrics of the engine, and queries for this service alone."""
        return ServiceMetrics(self.engine, self.version, self.namespace, self.name)

    @cached_property
    def scaler(self) -> Scaler:
        return scaler_of(
            self.spec,
            self.metrics,
            self.plan.sizing,
            can_read=self.platform.monitoring is not None and self.platform.has("prometheus-operator"),
        )

    @cached_property
    def goals(self) -> tuple[LatencyGoal, ...]:
        return latency_goals(self.spec, self.metrics)

    @cached_property
    def sizing_promise(self) -> SizingPromise | None:
        """The promised size of the KV cache, if the engine exports a metric to compare; else None."""
        model = architecture_of(self.spec)
        if self.plan.fit is None or model is None:
            return None
        return promise_of(self.plan.fit, model, self.metrics.selector)

    @cached_property
    def rules(self) -> RuleGroup:
        """The recording rules and alerts of the service."""
        return service_rule_group(self)

    @cached_property
    def alert_names(self) -> tuple[str, ...]:
        """Names of the alerts; empty while the service retires, or if no Prometheus Operator reads them."""
        return self.rules.alert_names if self.platform.has_alerts and not self.is_retiring else ()

    @property
    def waiting_limit(self) -> str:
        """Waiting requests for each replica above which the alert fires; empty if the engine does not export them."""
        has_queue = self.metrics.name_of("queue") is not None
        return self.metrics.hint(Signal.QUEUE).threshold if has_queue else ""

    @property
    def host(self) -> str | None:
        """The host name at the gateway."""
        return self.spec.expose.host if self.spec.expose is not None else None

    @cached_property
    def has_pool(self) -> bool:
        """Whether the route leads to an InferencePool. Since version 1.6, a pool needs no picker."""
        version = self.platform.cluster.addons.get("gateway-api-inference-extension")
        return version is not None and (
            version_of(version) >= _POOL_WITHOUT_PICKER or self.picker is not None
        )

    @cached_property
    def picker(self) -> PickerServer | None:
        """The endpoint picker; None if the gateway balances the load itself."""
        return picker_of(self.spec, self.platform)

    @property
    def url(self) -> str:
        """The URL for callers: at the gateway, or else inside the cluster."""
        return f"https://{self.host}" if self.host else f"http://{self.name}.{self.namespace}.svc"

    @property
    def finishes_answers(self) -> bool:
        """Whether a stopping server finishes its answers."""
        return self.command.finishes

    def words(self, everywhere: Sequence[WorkloadOnCluster]) -> dict[str, Any]:
        return {**super().words(everywhere), "service": self}
