"""AMD's rules: how the device plugin, the node labeller and the DRA driver name GPUs and partitions.

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
    """A GPU or one of its compute and memory partitions (``cpx_nps4``).

    ``products`` are PCI device ids; ``product_names`` the names that the DRA driver publishes, after
    ``AMD_Instinct_``. ``partitionable`` says that the model has compute partitions at all.
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
        # The firmware decides what follows the model (_OAM), and its case: MI250 boards write it in capitals.
        terms.append(f"{attribute}.productName.matches('(?i)^AMD_Instinct_({names})(_|$)')")
        return " && ".join(terms)

    def _resource_name(self, strategy: MigStrategy | None, sharing: DeviceSharing | None) -> str:
        del sharing  # refused before: AMD's plugin shares nothing
        if self.partition is not None:
            return WHOLE if strategy is MigStrategy.SINGLE else f"amd.com/{self.partition}"
        # GPUs without partitions keep amd.com/gpu under either strategy.
        return UNPARTITIONED if strategy is MigStrategy.MIXED and self.partitionable else WHOLE

    def _node_labels(
        self, strategy: MigStrategy | None, sharing: DeviceSharing | None
    ) -> dict[str, tuple[str, ...]]:
        del sharing
        labels = {"amd.com/gpu.device-id": self.products}
        if self.partition is not None and strategy is MigStrategy.SINGLE:
            # With one resource name for all, only this label tells partitions; the labeller writes it on nodes
            # whose GPUs are all cut alike, and when it is started with -compute-memory-partition.
            labels["amd.com/gpu.compute-memory-partition"] = (self.partition,)
        return labels
