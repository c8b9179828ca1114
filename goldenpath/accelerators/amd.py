"""AMD's rules: the names of GPUs and partitions in the device plugin, the node labeller and the DRA driver.

The sources of each rule are the ``vendor.sources`` of ``data/amd.yaml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from goldenpath.accelerators.accelerator import Accelerator
from goldenpath.accelerators.allocation_modes import DeviceSharing, MigStrategy

WHOLE: Final = "amd.com/gpu"
UNPARTITIONED: Final = "amd.com/spx_nps1"
PARTITION_PROFILE: Final = re.compile(r"(?:dpx|tpx|qpx|cpx)_nps[1248]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdAccelerator(Accelerator):
    """A GPU, or one of its compute and memory partitions (``cpx_nps4``).

    ``products`` are PCI device ids. ``product_names`` are the names that the DRA driver publishes, without
    ``AMD_Instinct_``. ``partitionable`` means that the model has compute partitions.
    """

    product_names: tuple[str, ...]
    partitionable: bool

    @property
    def resource_names(self) -> tuple[str, ...]:
        if self.partition is not None:
            return (f"amd.com/{self.partition}",)
        return (WHOLE, UNPARTITIONED) if self.partitionable else (WHOLE,)

    @property
    def device_selector(self) -> str:
        attribute = f"device.attributes['{self.driver}']"
        kind = "amdgpu" if self.partition is None else "amdgpu-partition"
        terms = [f"device.driver == '{self.driver}'", f"{attribute}.type == '{kind}'"]
        if self.partition is not None:
            terms.append(f"{attribute}.partitionProfile == '{self.partition}'")
        names = "|".join(self.product_names)
        # The firmware decides the suffix of the name (_OAM) and its case: MI250 boards use capitals.
        terms.append(f"{attribute}.productName.matches('(?i)^AMD_Instinct_({names})(_|$)')")
        return " && ".join(terms)

    def _resource_name(self, strategy: MigStrategy | None, sharing: DeviceSharing | None) -> str:
        del sharing  # always None, because AMD's plugin cannot share devices
        if self.partition is not None:
            return WHOLE if strategy is MigStrategy.SINGLE else f"amd.com/{self.partition}"
        # GPUs without partitions keep amd.com/gpu under both strategies.
        return UNPARTITIONED if strategy is MigStrategy.MIXED and self.partitionable else WHOLE

    def _node_labels(
        self, strategy: MigStrategy | None, sharing: DeviceSharing | None
    ) -> dict[str, tuple[str, ...]]:
        del sharing
        labels = {"amd.com/gpu.device-id": self.products}
        if self.partition is not None and strategy is MigStrategy.SINGLE:
            # All partitions share one resource name, so only this label tells them apart. The labeller sets it if it
            # runs with -compute-memory-partition, on nodes whose GPUs all have the same partitions.
            labels["amd.com/gpu.compute-memory-partition"] = (self.partition,)
        return labels
