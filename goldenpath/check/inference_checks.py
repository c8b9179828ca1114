"""Checks an inference service: memory, goal, engine, metrics, scaling, and what it needs of its tenant and cluster."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from goldenpath.addons import version_of
from goldenpath.check.finding_factory import request_finding
from goldenpath.engines import Signal, argument_list, model_architectures
from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.spec.host_overlap import covering
from goldenpath.spec.types import duration_seconds, quantity_value
from goldenpath.tenancy.inference_service_on_cluster import ServerKind
from goldenpath.tenancy.server_plan import architecture_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.errors import Problem
    from goldenpath.findings import Finding
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
"""Vendors of accelerators that each engine is published for."""

_WITHOUT_PYTHON: Final = frozenset({"llama-cpp"})
"""Engines without Python in their image, so the script that downloads weights cannot run (ggml-org/llama.cpp,
.devops/cuda.Dockerfile)."""

_GATE_FREE_TRANSFER: Final = (2, 18)


def _check_memory(rendered: Rendered) -> Iterator[Finding]:
    """Memory has room for the weights and at least one sequence of the context."""
    service = rendered.resolved
    for problem in service.plan.problems:
        yield _plan_finding(service, problem)
    if service.plan.unknown:
        message = f"{service.plan.unknown}: its memory, start time and throughput are unknown"
        fix = "Name the base model as `model.base`, or measure the model and state `scaling.target`."
        yield request_finding(service, "not-sized", Severity.WARNING, "model.name", message, fix=fix)


def _plan_finding(service: InferenceServiceOnCluster, problem: Problem) -> Finding:
    rule = "goal-not-met" if problem.path.startswith("goal") else "model-does-not-fit"
    fix = (
        f"Set it to {problem.nearest}."
        if problem.nearest
        else "Change the field that the message names, or a field that it depends on."
    )
    given = "" if problem.path in problem.message else f"{problem.path} "
    return request_finding(service, rule, Severity.ERROR, problem.path, f"{given}{problem.message}", fix=fix)


def _check_replicas(rendered: Rendered) -> Iterator[Finding]:
    """The largest number of replicas serves the traffic of the goal."""
    service = rendered.resolved
    sizing, goal = service.plan.sizing, service.spec.goal
    if sizing is None or goal is None:
        return
    needed, most = math.ceil(sizing.replicas.value), service.scaler.most
    limit = f"and at most {most} run on {service.cluster_name}"
    message = (
        f"{goal.requests} take about {needed} replicas (80 %: {sizing.replicas.low:.0f} to "
        f"{sizing.replicas.high:.0f}), {limit}"
    )
    if goal.peak is not None and sizing.fewest > needed:
        needed = sizing.fewest
        message = f"a peak of {goal.peak} takes {needed} ready replicas, {limit}"
    if needed > most:
        fix = f"Set `replicas.max` to {needed}, or use a faster accelerator."
        yield request_finding(
            service, "goal-needs-replicas", Severity.WARNING, "replicas.max", message, fix=fix
        )


def _note_sizing(rendered: Rendered) -> Iterator[Finding]:
    """Note the result of sizing, for readers of the plan."""
    service = rendered.resolved
    sizing = service.plan.sizing
    if sizing is None:
        return
    replicas, breaking = sizing.replicas, sizing.breaking_concurrency
    message = (
        f"the goal takes about {replicas.value:.0f} {'replica' if replicas.value == 1 else 'replicas'} (80 %: {replicas.low:.0f} to {replicas.high:.0f}) of "
        f"{sizing.plan.parallelism.devices} × {service.spec.accelerator.profile} ({sizing.plan.parallelism}); one replica "
        f"serves {breaking.value:.0f} requests at once ({breaking.low:.0f} to {breaking.high:.0f}), limited by: {sizing.breaks}; "
        f"the scaler aims at {sizing.threshold}, with {sizing.itl.value * 1e3:.0f} ms between tokens and "
        f"{sizing.ttft.value * 1e3:.0f} ms to the first token"
    )
    if not sizing.measured:
        message += "; no measured run resembles it, so the ranges are wider"
    fix = "No change is needed. To override the sizing, state `replicas` and `scaling.target`."
    yield request_finding(service, "sizing", Severity.NOTE, "goal", message, fix=fix)


def _check_engine(rendered: Rendered) -> Iterator[Finding]:
    """The engine is published for the vendor of the accelerator, and implements the model."""
    service = rendered.resolved
    vendor, engine = service.pool.accelerator.vendor, service.engine
    if vendor not in _VENDORS.get(engine.name, frozenset({vendor})):
        message = f"{engine.title} does not run on accelerators of {vendor}"
        fix = f"Use {' or '.join(sorted(name for name, vendors in _VENDORS.items() if vendor in vendors))}."
        yield request_finding(service, "engine-accelerator", Severity.ERROR, "engine.name", message, fix=fix)
    implemented, model = model_architectures(engine.name), architecture_of(service.spec)
    if implemented is not None and model is not None:
        problem = implemented.problem(service.version, model.classes)
        if problem is not None:
            message = f"{engine.title} {service.version} {problem}: {model.name} does not start, or runs more slowly through Transformers"
            fix = f"Use a version of {engine.title} that implements it, or another engine."
            yield request_finding(
                service, "engine-model", Severity.WARNING, "engine.version", message, fix=fix
            )
    if not service.finishes_answers:
        message = (
            f"{engine.title} {service.version} aborts running answers when it stops, so each rollout and each "
            "scale-down cuts answers off"
        )
        fix = "Use vLLM 0.18.0 or later, or let callers repeat the request."
        yield request_finding(
            service, "answers-cut-off", Severity.WARNING, "engine.version", message, fix=fix
        )


def _check_arguments(rendered: Rendered) -> Iterator[Finding]:
    """The version of the engine accepts every argument of the command line."""
    service = rendered.resolved
    known = argument_list(service.engine.name, service.version)
    if known is None:
        return
    lines = (service.command.arguments, service.command.worker_arguments)
    for message in dict.fromkeys(problem for line in lines for problem in known.problems(line)):
        fix = f"Remove the argument, or use a version of {service.engine.title} that has it."
        yield request_finding(service, "engine-argument", Severity.ERROR, "engine", message, fix=fix)


def _check_histograms(rendered: Rendered) -> Iterator[Finding]:
    """A goal lies at a bound of the engine's histogram; only there can the share of answers within it be read."""
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
                message = (
                    f"{problem.message}; only the mean can be read, not the share of answers within the goal"
                )
                fix = f"Set it to {problem.nearest}" if problem.nearest else "Set another goal"
                fix += f", or set other bounds with the engine's argument {option}." if option else "."
                yield request_finding(
                    service, "latency-not-measurable", Severity.WARNING, f"goal.{name}", message, fix=fix
                )


def _check_scaling(rendered: Rendered) -> Iterator[Finding]:
    """The cluster can scale the replicas as the request states."""
    service = rendered.resolved
    replicas, scaler, where = service.spec.replicas, service.scaler, service.cluster_name
    for problem in scaler.problems:
        fix = (
            f"Set it to {problem.nearest}." if problem.nearest else "Change the field that the message names."
        )
        yield request_finding(service, "signal", Severity.ERROR, problem.path, problem.message, fix=fix)
    if replicas.min < replicas.max and scaler.is_fixed:
        message = f"nothing on {where} collects the engine's metrics, so the number of replicas stays at {scaler.fewest}"
        fix = f"Give {where} the Prometheus operator and `monitoring` in the fleet, or set min and max to the same number."
        yield request_finding(
            service, "addon-missing/prometheus-operator", Severity.WARNING, "replicas.max", message, fix=fix
        )
    elif not scaler.is_fixed and not service.platform.has("keda"):
        message = (
            f"{where} has no KEDA: a HorizontalPodAutoscaler reads {scaler.triggers[0].metric} at "
            "custom.metrics.k8s.io; without an adapter that serves it, the number of replicas does not change"
        )
        yield request_finding(
            service,
            "addon-missing/keda",
            Severity.WARNING,
            "replicas.max",
            message,
            fix="Install KEDA, or an adapter that serves the metric.",
        )
    if replicas.min == 0:
        signal = scaler.triggers[0].name if scaler.triggers else "no signal"
        message = f"signal {signal} comes from the engine itself, which exports nothing at 0 replicas, so no replica can start"
        fix = "Set `replicas.min` to 1."
        yield request_finding(service, "scale-from-zero", Severity.ERROR, "replicas.min", message, fix=fix)


def _check_account(rendered: Rendered) -> Iterator[Finding]:
    """The tenant declares the service account of the Pods."""
    service = rendered.resolved
    tenant, account = service.tenancy.tenant, service.spec.service_account
    declared = tenant.identity.service_accounts if tenant.identity is not None else ()
    if account is not None and account not in declared:
        message = f"tenant {tenant.name} declares no service account {account}, so the Pods cannot be created"
        fix = f"Add {account} under `identity.service_accounts` in the tenant's request."
        yield request_finding(
            service, "account-not-declared", Severity.ERROR, "service_account", message, fix=fix
        )
    elif service.account is None and service.platform.has_spire:
        message = f"tenant {tenant.name} declares no service account {service.name}, so the Pods have no SPIFFE identity"
        fix = (
            f"Add {service.name} under `identity.service_accounts` in the tenant's request, or name another account "
            "as `service_account`."
        )
        yield request_finding(
            service, "account-not-declared", Severity.WARNING, "service_account", message, fix=fix
        )


def _check_compute(rendered: Rendered) -> Iterator[Finding]:
    """The tenant's quota has CPU and memory for all Pods."""
    service = rendered.resolved
    compute, scaler, picker = service.tenancy.compute, service.scaler, service.picker
    for field, one, quota in (("cpu", service.cpu, compute.cpu), ("memory", service.memory, compute.memory)):
        for_picker = quantity_value(getattr(picker, field)) if picker is not None else 0
        least = quantity_value(one) * service.nodes * max(scaler.fewest, 1) + for_picker
        most = quantity_value(one) * service.nodes * scaler.most + for_picker
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
            yield request_finding(service, "workload-compute", severity, f"compute.{field}", message, fix=fix)


def _check_gateway(rendered: Rendered) -> Iterator[Finding]:
    """A gateway serves the host of the service."""
    service = rendered.resolved
    if service.host is None:
        return
    gateway = service.platform.gateway
    if gateway is None or gateway.name is None:
        lacking = "names no gateway" if gateway is None else "does not name the Gateway in its namespace"
        message = f"the fleet {lacking} for {service.cluster_name}, so no route serves {service.host}"
        fix = "Set `gateway` with its `name` in the fleet, or remove `expose`."
        yield request_finding(
            service, "addon-missing/gateway-api", Severity.ERROR, "expose.host", message, fix=fix
        )
    elif gateway.picker is not None and service.picker is None:
        message, fix = _why_no_picker(service)
        yield request_finding(
            service, "addon-missing/llm-d-router", Severity.WARNING, "expose.host", message, fix=fix
        )


def _why_no_picker(service: InferenceServiceOnCluster) -> tuple[str, str]:
    """Return the message and fix for a service without the endpoint picker that the fleet names."""
    where, without = service.cluster_name, "no endpoint picker chooses among the servers"
    absent = [
        name for name in ("gateway-api-inference-extension", "llm-d-router") if not service.platform.has(name)
    ]
    if absent:
        fix = f"Install it, and name it under `addons` of {where}."
        return f"{where} has no {' and no '.join(absent)}, so {without}", fix
    if service.platform.picker is None:
        fix = "Set `gateway.picker.api_server` in the fleet."
        return f"pickers cannot reach the API server of {where}, so {without}", fix
    return f"the picker does not read {service.engine.title}, so {without}", "Use vLLM or SGLang."


def _check_grants(rendered: Rendered) -> Iterator[Finding]:
    """The tenant's request grants the host, and egress to the weights."""
    service = rendered.resolved
    tenancy, host, tenant = service.tenancy, service.host, service.namespace
    if host is not None and not set(covering(host)) & set(tenancy.hosts):
        message = f"{host} is not a host of tenant {tenant}, so its gateway does not serve the route"
        fix = f"Add the line to the tenant's request: `serving: [{{name: {service.name}, hosts: [{host}]}}]`."
        yield request_finding(service, "host-not-granted", Severity.ERROR, "expose.host", message, fix=fix)
    if service.source_kind in {"hf", "s3"} and service.engine.name in _WITHOUT_PYTHON:
        message = (
            f"a Python script downloads the weights, and the image of {service.engine.title} has no Python"
        )
        fix = "Mount the weights instead: `oci` or `pvc`."
        yield request_finding(
            service, "weights-not-downloadable", Severity.ERROR, "model.source", message, fix=fix
        )
    server = tenancy.server(service.name)
    egress = (*tenancy.tenant.network.egress, *(server.egress if server is not None else ()))
    if service.source_kind in {"hf", "s3"} and not egress:
        message = f"the Pods download the weights, and tenant {tenant} allows them no egress"
        fix = (
            f"Add egress to the tenant's request: `serving: [{{name: {service.name}, egress: [{{host: …, port: 443}}]}}]`. "
            "It applies to the whole Pod, not only to the download."
        )
        yield request_finding(
            service, "weights-out-of-reach", Severity.ERROR, "model.source", message, fix=fix
        )


def _check_add_ons(rendered: Rendered) -> Iterator[Finding]:
    """The cluster has the controllers that the rendered server needs."""
    service = rendered.resolved
    where = service.cluster_name
    if service.kind is ServerKind.GROUP and not service.platform.has("lws"):
        message = f"a replica spans {service.nodes} nodes, and {where} has no LeaderWorkerSet controller"
        fix = "Install LeaderWorkerSet and name it under `addons`, or use an accelerator that fits one node."
        yield request_finding(service, "addon-missing/lws", Severity.ERROR, "accelerator", message, fix=fix)
    version = service.platform.cluster.addons.get("keda")
    if (
        version is not None
        and version_of(version) < _GATE_FREE_TRANSFER
        and any(trigger.metric_type == "Value" for trigger in service.scaler.triggers)
    ):
        message = f"KEDA {version} on {where} has no fallback for latencies, so nothing scales while Prometheus is down"
        fix = "Use KEDA 2.18 or later."
        yield request_finding(service, "feature-gate", Severity.WARNING, "scaling.signal", message, fix=fix)


INFERENCE_CHECKS: Final = (
    _check_memory,
    _check_replicas,
    _note_sizing,
    _check_engine,
    _check_arguments,
    _check_histograms,
    _check_scaling,
    _check_account,
    _check_compute,
    _check_gateway,
    _check_grants,
    _check_add_ons,
)
