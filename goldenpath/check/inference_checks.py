"""An inference service: whether it fits, meets its goal, can be measured, and has what it names of its tenant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from goldenpath.addons import version_of
from goldenpath.engines import Signal, argument_list, model_architectures
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity
from goldenpath.spec.host_overlap import covering
from goldenpath.spec.types import duration_seconds, quantity_value
from goldenpath.tenancy.inference_service_on_cluster import ServerKind
from goldenpath.tenancy.server_plan import architecture_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.errors import Problem
    from goldenpath.tenancy.inference_service_on_cluster import InferenceServiceOnCluster
    from goldenpath.tenancy.rendered import RenderedOnCluster

    Rendered = RenderedOnCluster[InferenceServiceOnCluster]

__all__ = ["INFERENCE_CHECKS"]

_VENDORS: Final = {
    "llama-cpp": frozenset({"nvidia", "amd", "intel"}),
    "sglang": frozenset({"nvidia", "amd", "intel"}),
    "tensorrt-llm": frozenset({"nvidia"}),
    "vllm": frozenset({"nvidia", "amd", "intel"}),
}
"""Makers of accelerators that an engine is published for."""

_WITHOUT_PYTHON: Final = frozenset({"llama-cpp"})
"""Engines whose published image has no Python, in which weights are downloaded (ggml-org/llama.cpp, .devops/cuda.Dockerfile)."""

_GATE_FREE_TRANSFER: Final = (2, 18)


def _fits(rendered: Rendered) -> Iterator[Finding]:
    """Memory: the weights and at least one sequence of the context have room."""
    service = rendered.resolved
    for problem in service.plan.problems:
        yield _of_problem(service, problem)
    if service.plan.unknown:
        message = f"{service.plan.unknown}: whether it fits, what its start takes and what a replica can do is not known"
        fix = (
            "Name the model that it was made from as `model.base`, or measure it and state `scaling.target`."
        )
        yield _finding(service, "not-sized", Severity.WARNING, "model.name", message, fix)


def _of_problem(service: InferenceServiceOnCluster, problem: Problem) -> Finding:
    rule = "goal-not-met" if problem.path.startswith("goal") else "model-does-not-fit"
    fix = (
        f"Take {problem.nearest}."
        if problem.nearest
        else "Change what the message names, or another field that it depends on."
    )
    given = "" if problem.path in problem.message else f"{problem.path} "
    return _finding(service, rule, Severity.ERROR, problem.path, f"{given}{problem.message}", fix)


def _is_enough(rendered: Rendered) -> Iterator[Finding]:
    """The most replicas serve the traffic of the goal."""
    service = rendered.resolved
    sizing, goal = service.plan.sizing, service.spec.goal
    if sizing is None or goal is None:
        return
    needed, most = math.ceil(sizing.replicas.value), service.scaler.most
    there = f"and there are at most {most} on {service.cluster_name}"
    message = (
        f"{goal.requests} take about {needed} replicas (80 %: {sizing.replicas.low:.0f} to "
        f"{sizing.replicas.high:.0f}), {there}"
    )
    if goal.peak is not None and sizing.fewest > needed:
        needed = sizing.fewest
        message = f"a peak of {goal.peak} takes {needed} replicas that are ready, {there}"
    if needed > most:
        fix = f"Set `replicas.max` to {needed}, or take a faster accelerator."
        yield _finding(service, "goal-needs-replicas", Severity.WARNING, "replicas.max", message, fix)


def _size(rendered: Rendered) -> Iterator[Finding]:
    """What sizing came to by the goal, for readers of the plan."""
    service = rendered.resolved
    sizing = service.plan.sizing
    if sizing is None:
        return
    replicas, breaking = sizing.replicas, sizing.breaking_concurrency
    message = (
        f"the goal takes about {replicas.value:.0f} {'replica' if replicas.value == 1 else 'replicas'} (80 %: {replicas.low:.0f} to {replicas.high:.0f}) of "
        f"{sizing.plan.parallelism.devices} × {service.spec.accelerator.profile} ({sizing.plan.parallelism}); one breaks at "
        f"{breaking.value:.0f} requests at once ({breaking.low:.0f} to {breaking.high:.0f}): {sizing.breaks}; "
        f"the scaler aims at {sizing.threshold}, with {sizing.itl.value * 1e3:.0f} ms between tokens and "
        f"{sizing.ttft.value * 1e3:.0f} ms to the first"
    )
    if not sizing.measured:
        message += "; no measured run is like it, so the ranges are wider"
    fix = "Nothing, or state `replicas` and `scaling.target`."
    yield _finding(service, "sizing", Severity.NOTE, "goal", message, fix)


def _engine_runs(rendered: Rendered) -> Iterator[Finding]:
    """The engine is published for the maker of the accelerator, and implements the model."""
    service = rendered.resolved
    vendor, engine = service.pool.accelerator.vendor, service.engine
    if vendor not in _VENDORS.get(engine.name, frozenset({vendor})):
        message = f"{engine.title} does not run on accelerators of {vendor}"
        fix = f"Take {' or '.join(sorted(name for name, makers in _VENDORS.items() if vendor in makers))}."
        yield _finding(service, "engine-accelerator", Severity.ERROR, "engine.name", message, fix)
    implemented, model = model_architectures(engine.name), architecture_of(service.spec)
    if implemented is not None and model is not None:
        said = implemented.problem(service.version, model.classes)
        if said is not None:
            message = f"{engine.title} {service.version} {said}: {model.name} does not start, or runs through Transformers, more slowly"
            fix = f"Take a version of {engine.title} that has it, or another engine."
            yield _finding(service, "engine-model", Severity.WARNING, "engine.version", message, fix)
    if not service.finishes_answers:
        message = (
            f"{engine.title} {service.version} ends running answers when it is stopped: each rollout and each "
            "step down cuts them off"
        )
        fix = "Take vLLM 0.18.0 or later, or have callers repeat the request."
        yield _finding(service, "answers-cut-off", Severity.WARNING, "engine.version", message, fix)


def _arguments(rendered: Rendered) -> Iterator[Finding]:
    """The engine's version takes every argument of the command line."""
    service = rendered.resolved
    known = argument_list(service.engine.name, service.version)
    if known is None:
        return
    lines = (service.command.arguments, service.command.worker_arguments)
    for said in dict.fromkeys(said for line in lines for said in known.problems(line)):
        fix = f"Take the argument out, or a version of {service.engine.title} that has it."
        yield _finding(service, "engine-argument", Severity.ERROR, "engine", said, fix)


def _measurable(rendered: Rendered) -> Iterator[Finding]:
    """The share of answers within a goal can be read only at a bound of the engine's histogram."""
    service, goal = rendered.resolved, rendered.resolved.spec.goal
    for name in ("time_to_first_token", "inter_token_latency"):
        text = getattr(goal, name) if goal is not None else None
        if text is None:
            continue
        try:
            service.metrics.hint(Signal.LATENCY, None, **{name: float(duration_seconds(text))})
        except InputError as error:
            for problem in error.problems:
                option = service.engine.buckets_option(service.version)
                message = f"{problem.message}; the mean is read, the share of answers within the goal is not"
                fix = f"Take {problem.nearest}" if problem.nearest else "Take another goal"
                fix += f", or set other bounds with the engine's argument {option}." if option else "."
                yield _finding(
                    service, "latency-not-measurable", Severity.WARNING, f"goal.{name}", message, fix
                )


def _scales(rendered: Rendered) -> Iterator[Finding]:
    """The number of replicas follows what the request says, on this cluster."""
    service = rendered.resolved
    replicas, scaler, where = service.spec.replicas, service.scaler, service.cluster_name
    for problem in scaler.problems:
        fix = f"Take {problem.nearest}." if problem.nearest else "Change what the message names."
        yield _finding(service, "signal", Severity.ERROR, problem.path, problem.message, fix)
    if replicas.min < replicas.max and scaler.is_fixed:
        message = f"nothing on {where} collects the engine's metrics, so the number of replicas stays at {scaler.fewest}"
        fix = f"Give {where} the Prometheus operator and `monitoring` in the fleet, or set min and max to the same number."
        yield _finding(
            service, "addon-missing/prometheus-operator", Severity.WARNING, "replicas.max", message, fix
        )
    elif not scaler.is_fixed and not service.platform.has("keda"):
        message = (
            f"{where} has no KEDA: a HorizontalPodAutoscaler asks for {scaler.triggers[0].metric} at "
            "custom.metrics.k8s.io, which some adapter must serve; without one the number of replicas stays"
        )
        yield _finding(
            service,
            "addon-missing/keda",
            Severity.WARNING,
            "replicas.max",
            message,
            "Install KEDA, or such an adapter.",
        )
    if replicas.min == 0:
        signal = scaler.triggers[0].name if scaler.triggers else "no signal"
        message = (
            f"signal {signal} comes from the engine itself: at 0 replicas it exports nothing, so no request can start "
            "a replica"
        )
        fix = "Set `replicas.min` to 1."
        yield _finding(service, "scale-from-zero", Severity.ERROR, "replicas.min", message, fix)


def _identity(rendered: Rendered) -> Iterator[Finding]:
    """The Pods' service account is one that the tenant declares."""
    service = rendered.resolved
    tenant, asked = service.tenancy.tenant, service.spec.service_account
    declared = tenant.identity.service_accounts if tenant.identity is not None else ()
    if asked is not None and asked not in declared:
        message = f"{tenant.name} declares no service account {asked}: its Pods would not be created"
        fix = f"Add {asked} under `identity.service_accounts` in the tenant's request."
        yield _finding(service, "account-not-declared", Severity.ERROR, "service_account", message, fix)
    elif service.account is None and service.platform.has_spire:
        message = (
            f"{tenant.name} declares no service account {service.name}, so its Pods have no SPIFFE identity"
        )
        fix = (
            f"Add {service.name} under `identity.service_accounts` in the tenant's request, or name another account "
            "as `service_account`."
        )
        yield _finding(service, "account-not-declared", Severity.WARNING, "service_account", message, fix)


def _compute(rendered: Rendered) -> Iterator[Finding]:
    """CPU and memory of all Pods, against the tenant's quota."""
    service = rendered.resolved
    has, scaler, picker = service.tenancy.compute, service.scaler, service.picker
    for field, one, quota in (("cpu", service.cpu, has.cpu), ("memory", service.memory, has.memory)):
        beside = quantity_value(getattr(picker, field)) if picker is not None else 0
        least = quantity_value(one) * service.nodes * max(scaler.fewest, 1) + beside
        most = quantity_value(one) * service.nodes * scaler.most + beside
        if most > quantity_value(quota):
            number, severity = (
                (max(scaler.fewest, 1), Severity.ERROR)
                if least > quantity_value(quota)
                else (scaler.most, Severity.WARNING)
            )
            message = (
                f"{number} replicas take more {field} than {service.namespace} has on {service.cluster_name}: "
                f"{one} for each Pod, {quota} for all"
            )
            fix = f"Ask for more in the tenant's request (`compute.{field}`), or give less to each Pod."
            yield _finding(service, "workload-compute", severity, f"compute.{field}", message, fix)


def _exposed(rendered: Rendered) -> Iterator[Finding]:
    """A host is the tenant's, and a gateway is there to serve it."""
    service = rendered.resolved
    if service.host is None:
        return
    gateway = service.platform.gateway
    if gateway is None or gateway.name is None:
        lacking = "names no gateway" if gateway is None else "does not name the Gateway in its namespace"
        message = f"the fleet {lacking} for {service.cluster_name}, so {service.host} leads nowhere"
        fix = "Give `gateway` with its `name` in the fleet, or remove `expose`."
        yield _finding(service, "addon-missing/gateway-api", Severity.ERROR, "expose.host", message, fix)
    elif gateway.picker is not None and service.picker is None:
        message, fix = _why_no_picker(service)
        yield _finding(service, "addon-missing/llm-d-router", Severity.WARNING, "expose.host", message, fix)


def _why_no_picker(service: InferenceServiceOnCluster) -> tuple[str, str]:
    """Why requests go to the servers in turn although the fleet names an endpoint picker, and what helps."""
    where, without = service.cluster_name, "no endpoint picker chooses among the servers"
    absent = [
        name for name in ("gateway-api-inference-extension", "llm-d-router") if not service.platform.has(name)
    ]
    if absent:
        fix = f"Install it, and name it under `addons` of {where}."
        return f"{where} has no {' and no '.join(absent)}, so {without}", fix
    if service.platform.picker is None:
        fix = "Give `gateway.picker.api_server` in the fleet."
        return f"pickers have no way to the API server of {where}, so {without}", fix
    return f"the picker does not read {service.engine.title}, so {without}", "Take vLLM or SGLang."


def _reached(rendered: Rendered) -> Iterator[Finding]:
    """What the request needs of its tenant's `serving`: its host, and a way to where its weights are."""
    service = rendered.resolved
    tenancy, host, tenant = service.tenancy, service.host, service.namespace
    if host is not None and not set(covering(host)) & set(tenancy.hosts):
        message = f"{host} is not a host of tenant {tenant}: its gateway would not serve the route"
        fix = f"Add the line to the tenant's request: `serving: [{{name: {service.name}, hosts: [{host}]}}]`."
        yield _finding(service, "host-not-granted", Severity.ERROR, "expose.host", message, fix)
    if service.source_kind in {"hf", "s3"} and service.engine.name in _WITHOUT_PYTHON:
        message = f"the weights are downloaded by a script, and {service.engine.title}'s image has no Python"
        fix = "Take weights that are mounted: `oci` or `pvc`."
        yield _finding(service, "weights-not-downloadable", Severity.ERROR, "model.source", message, fix)
    server = tenancy.server(service.name)
    ways = (*tenancy.tenant.network.egress, *(server.egress if server is not None else ()))
    if service.source_kind in {"hf", "s3"} and not ways:
        message = f"the weights are downloaded, and nothing may leave the Pods of tenant {tenant}"
        fix = (
            f"Add the way to the tenant's request: `serving: [{{name: {service.name}, egress: [{{host: …, port: 443}}]}}]`. "
            "It holds for the whole Pod, not for the download alone."
        )
        yield _finding(service, "weights-out-of-reach", Severity.ERROR, "model.source", message, fix)


def _add_ons(rendered: Rendered) -> Iterator[Finding]:
    """What the server is rendered as needs controllers."""
    service = rendered.resolved
    where = service.cluster_name
    if service.kind is ServerKind.GROUP and not service.platform.has("lws"):
        message = f"a replica spans {service.nodes} nodes, and {where} has no LeaderWorkerSet controller"
        fix = "Install LeaderWorkerSet and name it under `addons`, or take an accelerator that one node has enough of."
        yield _finding(service, "addon-missing/lws", Severity.ERROR, "accelerator", message, fix)
    version = service.platform.cluster.addons.get("keda")
    if (
        version is not None
        and version_of(version) < _GATE_FREE_TRANSFER
        and any(trigger.metric_type == "Value" for trigger in service.scaler.triggers)
    ):
        message = f"KEDA {version} on {where} has no fallback for a latency: while Prometheus is silent nothing scales"
        yield _finding(
            service, "feature-gate", Severity.WARNING, "scaling.signal", message, "Take KEDA 2.18 or later."
        )


def _finding(  # noqa: PLR0917 - the order of Finding
    service: InferenceServiceOnCluster, rule: str, severity: Severity, field: str, message: str, fix: str
) -> Finding:
    place = f"Workload {service.ref.path} on {service.cluster_name}"
    return Finding("", place, field, rule, severity, message, fix)


INFERENCE_CHECKS: Final = (
    _fits,
    _is_enough,
    _size,
    _engine_runs,
    _arguments,
    _measurable,
    _scales,
    _identity,
    _compute,
    _exposed,
    _reached,
    _add_ons,
)
