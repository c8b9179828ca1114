"""Degrees of parallelism, and the combinations that a model and a device allow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.models import Architecture
    from goldenpath.sizing.devices import Device

__all__ = ["Parallelism", "possible", "refusal"]

_SLOW_LINK: Final = 64.0
"""GB/s of a PCIe card. Faster links are fast enough for two all-reduces in each layer."""


@dataclass(frozen=True, slots=True)
class Parallelism:
    """Degrees of tensor, pipeline and data parallelism, and whether the experts are spread over devices.

    ``tensor`` divides each layer, and ``pipeline`` divides the list of layers. ``data`` gives each group of devices its
    own attention and KV cache, with shared experts (MLA models). ``nodes`` is the number of nodes.
    """

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    expert: bool = False
    nodes: int = 1

    @property
    def devices(self) -> int:
        return self.tensor * self.pipeline * self.data

    def __str__(self) -> str:
        parts = [f"tp{self.tensor}"]
        parts += [f"pp{self.pipeline}"] if self.pipeline > 1 else []
        parts += [f"dp{self.data}"] if self.data > 1 else []
        parts += ["ep"] if self.expert else []
        return " ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "devices": self.devices}


def refusal(  # noqa: PLR0911 - one return for each rule
    model: Architecture, device: Device, parallelism: Parallelism
) -> str | None:
    """Return why a model cannot run with this parallelism; None where it can."""
    tensor = parallelism.tensor
    if model.heads % tensor:
        return f"the {model.heads} attention heads do not divide by tensor parallelism {tensor}"
    for group in model.attention:
        if group.kv_heads > 1 and group.kv_heads % tensor and tensor % group.kv_heads:
            return f"the {group.kv_heads} KV heads do not divide by tensor parallelism {tensor}"
    if tensor > device.island:
        return f"tensor parallelism {tensor} is more than the {device.island} devices that share a link"
    if parallelism.pipeline > model.layers:
        return f"pipeline parallelism {parallelism.pipeline} is more than the {model.layers} layers"
    if parallelism.data > 1 and not model.experts:
        return "only mixture-of-experts models can use data-parallel attention; use replicas"
    if parallelism.expert and model.experts % (tensor * parallelism.data):
        return f"the {model.experts} experts do not divide by {tensor * parallelism.data} devices"
    return None


def possible(
    model: Architecture, device: Device, devices_per_node: int, max_nodes: int
) -> Iterator[Parallelism]:
    """Yield every parallelism that the model and the device allow, fewest devices first.

    Tensor parallelism stays inside one node's link. Pipeline stages are whole nodes, or devices that share only PCIe. A
    partition has no link to other partitions, and is used alone. MLA models may use data-parallel attention with expert
    parallelism, instead of a copy of their KV cache on every tensor rank.
    """
    widest = min(device.island, devices_per_node)
    found = []
    for tensor in (1, 2, 4, 8, 16, 32, 64):
        if tensor > widest:
            break
        for pipeline in (1, 2, 4, 8):
            choice = Parallelism(tensor, pipeline, nodes=-(-tensor * pipeline // devices_per_node))
            inside = choice.nodes == 1 and 0 < device.link <= _SLOW_LINK
            across = 1 < choice.nodes <= max_nodes and 2 * tensor > widest
            if pipeline == 1 or inside or across:
                found.append(choice)
        if model.experts and model.is_latent and tensor > 1:
            found.append(Parallelism(1, 1, tensor, expert=True))
    for choice in sorted(found, key=lambda each: (each.devices, each.pipeline, each.data)):
        if refusal(model, device, choice) is None:
            yield choice
