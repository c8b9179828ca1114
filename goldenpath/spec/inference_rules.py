"""Rules of an inference service: between its own fields, with the catalogues, and with its tenant's accelerators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.accelerators import catalogue
from goldenpath.engines import engine_catalogue, refused_arguments, request_arguments
from goldenpath.errors import MISSING, Problem
from goldenpath.models import model_catalogue
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parsed_fields import path_of
from goldenpath.spec.placement import clusters_of
from goldenpath.spec.pools import pools_by_id
from goldenpath.spec.rules import problem, unknown_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Rule, Surroundings
    from goldenpath.spec.fleet_spec import EngineImage, FleetSpec
    from goldenpath.spec.parsed_fields import Fields
    from goldenpath.spec.tenant import Tenant

__all__ = ["INFERENCE_RULES", "engine_image", "granted_accelerators", "known_engine_images"]

DEFAULT_ENGINE: Final = "vllm"
MULTI_NODE_ENGINES: Final = frozenset({"vllm", "sglang"})
"""Engines that spread one replica over several nodes by arguments alone, without Ray."""


def _replicas(fields: Fields) -> Iterator[Problem]:
    fewest, most = fields.get("replicas", "min"), fields.get("replicas", "max")
    fewest = 1 if fewest is MISSING and not fields.was_refused("replicas", "min") else fewest
    most = 1 if most is MISSING and not fields.was_refused("replicas", "max") else most
    if isinstance(fewest, int) and isinstance(most, int) and fewest > most:
        message = f"must be at least `min`, which is {fewest}"
        yield problem(fields, ("replicas", "max"), "replicas", message, str(fewest))


def _engine(fields: Fields) -> Iterator[Problem]:
    name, version = fields.get("engine", "name"), fields.get("engine", "version")
    if name is MISSING:
        if fields.was_refused("engine", "name"):
            return
        name = DEFAULT_ENGINE
    known = engine_catalogue()
    if name not in known.names:
        message = f"is not an engine of the catalogue, which has {', '.join(known.names)}"
        yield problem(fields, ("engine", "name"), "unknown-engine", message, known.nearest(str(name)))
        return
    engine = known.get(str(name))
    if isinstance(version, str) and not engine.knows(version):
        first, last = engine.versions_known
        message = f"is not in the catalogue, which has {engine.title} from {first} to {last}"
        yield problem(
            fields, ("engine", "version"), "unknown-engine-version", message, engine.default_version
        )
    allowed, refused = request_arguments(engine.name), refused_arguments(engine.name)
    for argument in fields.keys("engine", "arguments"):
        if argument not in allowed:
            why = f": it {refused[argument]}" if argument in refused else ""
            message = f"cannot be set{why}; a request may set these arguments of {engine.title}: {', '.join(allowed)}"
            place = path_of(("engine", "arguments", argument))
            yield Problem(place, "engine-argument", message, nearest=nearest(argument, allowed))


def _parallelism(fields: Fields) -> Iterator[Problem]:
    count = fields.get("accelerator", "count")
    if not fields.has("parallelism") or fields.was_refused("parallelism") or not isinstance(count, int):
        return
    needed = 1
    for degree in ("tensor", "pipeline", "data"):
        value = fields.get("parallelism", degree)
        needed *= value if isinstance(value, int) else 1
    if needed != count:
        message = f"must be {needed}, the product of the degrees in `parallelism`; leave it out"
        yield problem(fields, ("accelerator", "count"), "parallelism", message, str(needed))


def _nodes(fields: Fields) -> Iterator[Problem]:
    count, per_node = fields.get("accelerator", "count"), fields.get("accelerator", "per_node")
    width = per_node if isinstance(per_node, int) else 8
    if isinstance(count, int) and count > width and count % width:
        near = str(-(-count // width) * width)
        message = (
            f"must be a multiple of `per_node`, which is {width}: a replica on several nodes uses whole nodes"
        )
        yield problem(fields, ("accelerator", "count"), "whole-nodes", message, near)
    name = fields.get("engine", "name")
    if (
        isinstance(count, int)
        and count > width
        and isinstance(name, str)
        and name not in MULTI_NODE_ENGINES
        and name in engine_catalogue().names
    ):
        message = f"runs a replica on one node only; for several nodes, use {' or '.join(sorted(MULTI_NODE_ENGINES))}"
        yield problem(fields, ("engine", "name"), "one-node-engine", message, DEFAULT_ENGINE)


def _model(fields: Fields) -> Iterator[Problem]:
    """The number of accelerators is given, or the catalogue has the model that it is derived from."""
    name, base, models = fields.get("model", "name"), fields.get("model", "base"), model_catalogue()
    if isinstance(base, str) and base not in models:
        message = "is not in the catalogue of models"
        yield problem(fields, ("model", "base"), "unknown-model", message, models.nearest(base))
    stated = fields.has("accelerator", "count") or fields.has("parallelism")
    if isinstance(name, str) and name not in models and base is MISSING and not stated:
        message = (
            "is not in the catalogue of models, so its number of accelerators is unknown; give "
            "`accelerator.count`, or name the original model as `base`"
        )
        yield problem(fields, ("model", "name"), "unknown-model", message, models.nearest(name))


def _goal(fields: Fields) -> Iterator[Problem]:
    lengths = [fields.get("goal", name) for name in ("input_tokens", "output_tokens")]
    context = fields.get("model", "context")
    if isinstance(context, int) and all(isinstance(length, int) for length in lengths):
        needed = sum(lengths)
        if needed > context:
            message = f"must be at least {needed}, the goal's input and output tokens together"
            yield problem(fields, ("model", "context"), "context", message, str(needed))


def _signal(fields: Fields) -> Iterator[Problem]:
    signal, target = fields.get("scaling", "signal"), fields.get("scaling", "target")
    if target is not MISSING and signal is MISSING and not fields.was_refused("scaling", "signal"):
        yield problem(fields, ("scaling", "signal"), "required", "is required where `target` is given")
    if signal == "tokens" and target is MISSING:
        message = "is required for signal `tokens`: the tokens a second that one replica can take"
        yield problem(fields, ("scaling", "target"), "target-required", message)


def granted_accelerators(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield a problem for each cluster of the workload on which the tenant has not been granted the accelerator."""
    profile, wanted, fleet = (
        fields.get("accelerator", "profile"),
        fields.get("accelerator", "pool"),
        around.fleet,
    )
    if not isinstance(profile, str):
        return
    known = fleet.catalogue if fleet is not None else catalogue()
    if known.get(profile) is None:
        yield unknown_profile(fields, ("accelerator", "profile"), known)
        return
    tenant = _tenant(fields, around)
    if fleet is None or tenant is None:
        return
    for cluster in _clusters(fields, fleet, tenant):
        grants = {
            f"{gpu.profile}@{gpu.pool}" if gpu.pool else gpu.profile
            for gpu in tenant.gpus
            if gpu.clusters is None or cluster in gpu.clusters
        }
        of_profile = sorted(grant for grant in grants if grant.partition("@")[0] == profile)
        if not of_profile:
            offer = ", ".join(sorted(grants)) or "no accelerators"
            message = (
                f"is not granted to {tenant.name} on {cluster}, where the tenant has {offer}; add it to the tenant's "
                f"request, or name other `clusters`"
            )
            near = nearest(profile, {grant.partition("@")[0] for grant in grants})
            yield problem(fields, ("accelerator", "profile"), "accelerator-not-granted", message, near)
            continue
        pools = [
            id_
            for id_, pool in pools_by_id(fleet.clusters[cluster].accelerators).items()
            if pool.profile == profile
        ]
        if len(pools) > 1 and f"{profile}@{wanted}" not in of_profile:
            names = ", ".join(grant.partition("@")[2] for grant in of_profile)
            message = f"must name a pool of {profile} on {cluster}; {tenant.name} has {names}"
            yield problem(fields, ("accelerator", "pool"), "unknown-pool", message)


def _tenant(fields: Fields, around: Surroundings) -> Tenant | None:
    name = fields.get("tenant")
    return around.tenant(name) if around.tenant is not None and isinstance(name, str) else None


def _clusters(fields: Fields, fleet: FleetSpec, tenant: Tenant) -> tuple[str, ...]:
    tenant_clusters = clusters_of(tenant, fleet)
    if fields.has("clusters"):
        return tuple(name for _, name in fields.items("clusters") if name in tenant_clusters)
    return tenant_clusters


def known_engine_images(fields: Fields, around: Surroundings) -> Iterator[Problem]:
    """Yield a problem where neither the request nor the fleet names an image for the engine and the vendor."""
    fleet, profile = around.fleet, fields.get("accelerator", "profile")
    if fleet is None or fields.has("engine", "image") or not isinstance(profile, str):
        return
    accelerator = fleet.catalogue.get(profile)
    name = fields.get("engine", "name")
    engine = DEFAULT_ENGINE if name is MISSING else str(name)
    if accelerator is None or engine not in engine_catalogue().names:
        return
    version: Any = fields.get("engine", "version")
    version = None if version is MISSING else version
    if engine_image(fleet, engine, accelerator.vendor, version) is None:
        which = f"{engine} {version}" if version else engine
        message = (
            f"is required, because the fleet has no image of {which} for {accelerator.vendor} under `engines`; "
            "name one with its digest"
        )
        yield Problem("engine.image", "required", message)


def engine_image(fleet: FleetSpec, engine: str, vendor: str, version: str | None) -> EngineImage | None:
    """Return the fleet's image of an engine for a vendor: the image of a version, or the first one without a version."""
    return next(
        (
            image
            for image in fleet.engines
            if image.name == engine and image.vendor in {None, vendor} and version in {None, image.version}
        ),
        None,
    )


INFERENCE_RULES: tuple[Rule, ...] = (_replicas, _engine, _parallelism, _nodes, _model, _goal, _signal)
