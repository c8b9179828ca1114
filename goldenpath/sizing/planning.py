"""Chooses a parallelism, or suggests a change where none fits."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.sizing.devices import device, known_devices
from goldenpath.sizing.memory import Fit, fit
from goldenpath.sizing.parallelism import Parallelism, possible
from goldenpath.sizing.precision import WEIGHT_PRECISIONS, weight_precision

if TYPE_CHECKING:
    from goldenpath.models import Architecture

__all__ = ["ParallelismChoice", "choose", "nearest_that_fits", "plans"]

_DEVICES_PER_NODE: Final = 8
_MOST_NODES: Final = 2


@dataclass(frozen=True, slots=True)
class ParallelismChoice:
    """A parallelism that fits, and the reason for its rank."""

    fit: Fit
    reason: str

    @property
    def parallelism(self) -> Parallelism:
        return self.fit.parallelism

    def as_dict(self) -> dict[str, Any]:
        return {**self.fit.as_dict(), "why": self.reason}


def plans(
    model: Architecture,
    accelerator: str,
    engine: str = "vllm",
    version: str | None = None,
    *,
    precision: str | None = None,
    kv_precision: str | None = None,
    context: int | None = None,
    concurrency: int = 1,
    devices_per_node: int = _DEVICES_PER_NODE,
    max_nodes: int = _MOST_NODES,
    **settings: Any,
) -> tuple[ParallelismChoice, ...]:
    """Return every parallelism that holds ``concurrency`` sequences of ``context`` tokens, best first.

    Fewer devices come first, because replicas of a small group serve more requests than one large group. Among equal
    numbers, tensor parallelism comes before data-parallel attention, and pipelines over nodes come last.

    ``settings`` are those of :func:`fit`. :raises InputError: as :func:`fit` does.
    """
    target = device(accelerator)
    found = []
    for parallelism in possible(model, target, devices_per_node, max_nodes):
        one = fit(
            model,
            target,
            engine,
            version,
            precision=precision,
            kv_precision=kv_precision,
            context=context,
            parallelism=parallelism,
            **settings,
        )
        if one.fits and one.sequences.low >= concurrency:
            found.append(one)
    found.sort(key=lambda each: attrgetter("nodes", "devices", "pipeline", "data")(each.parallelism))
    return tuple(ParallelismChoice(one, _rank_reason(one, model, found[0])) for one in found)


def choose(
    model: Architecture, accelerator: str, engine: str = "vllm", version: str | None = None, **settings: Any
) -> ParallelismChoice:
    """Return the best plan; :raises InputError: where none fits, with a context, precision or accelerator that does."""
    found = plans(model, accelerator, engine, version, **settings)
    if found:
        return found[0]
    advice = nearest_that_fits(model, accelerator, engine, version, **settings)
    count = settings.get("concurrency", 1)
    needed = "one sequence" if count == 1 else f"{count} sequences"
    nodes, each = settings.get("max_nodes", _MOST_NODES), settings.get("devices_per_node", _DEVICES_PER_NODE)
    message = f"has no room for {model.name} and {needed} on up to {nodes} nodes of {each} devices; {advice}"
    raise InputError([Problem("profile", "sizing-fit", message, accelerator)])


def nearest_that_fits(
    model: Architecture, accelerator: str, engine: str = "vllm", version: str | None = None, **settings: Any
) -> str:
    """Suggest a change with which the model fits: a shorter context, a smaller precision or another accelerator."""
    context = settings.get("context") or min(model.max_context or 8192, 8192)
    changes = []
    shorter = context // 2
    while shorter >= 1024:  # noqa: PLR2004 - shorter contexts are not useful for a service
        if plans(model, accelerator, engine, version, **{**settings, "context": shorter}):
            changes.append(f"context {shorter}")
            break
        shorter //= 2
    own = weight_precision(model, settings.get("precision"))
    for smaller in ("fp8", "int4"):
        if WEIGHT_PRECISIONS[smaller] < WEIGHT_PRECISIONS[own] and plans(
            model, accelerator, engine, version, **{**settings, "precision": smaller}
        ):
            changes.append(f"precision {smaller}")
            break
    others = sorted(
        (other for other in known_devices() if other != accelerator),
        key=lambda other: device(other).usable_gib,
    )
    fitting = next((other for other in others if plans(model, other, engine, version, **settings)), None)
    if fitting:
        changes.append(f"profile {fitting}")
    return f"it fits with {', or '.join(changes)}" if changes else "it fits on no accelerator with figures"


def _rank_reason(one: Fit, model: Architecture, best: Fit) -> str:
    spread = one.parallelism
    if spread.devices == 1:
        text = "fits on one device; more replicas serve more requests than a larger group"
    elif spread.data > 1:
        text = f"{spread.data} data-parallel ranks each have their own latent KV cache; tensor parallelism would copy it"
    elif spread.pipeline > 1:
        text = (
            "pipeline stages, because the link between devices is too slow or the weights need several nodes"
        )
    elif spread.tensor > model.kv_heads and not model.is_latent:
        text = f"tensor parallelism {spread.tensor} copies the {model.kv_heads} KV heads"
    else:
        text = f"tensor parallelism {spread.tensor} stays inside one node's link"
    if one is best:
        return f"{text}; fewest devices that fit"
    return f"{text}; {one.parallelism.devices} devices where {best.parallelism.devices} fit"
