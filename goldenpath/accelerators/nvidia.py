"""NVIDIA's rules: the names of GPUs and MIG slices in the device plugin, GPU feature discovery and the DRA driver.

The sources of each rule are the ``vendor.sources`` of ``data/nvidia.yaml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from goldenpath.accelerators.accelerator import Accelerator
from goldenpath.accelerators.allocation_modes import DeviceSharing, MigStrategy, SharingMode

WHOLE: Final = "nvidia.com/gpu"
SHARED_SUFFIX: Final = ".shared"
VGPU_PRESENT: Final = "nvidia.com/vgpu.present"
MIG_PROFILE: Final = re.compile(r"[1-9]g\.(?P<gb>[1-9][0-9]*)gb(?:\+me|\+me\.all|\+gfx|-me)?")
LONGEST_LABEL_VALUE: Final = 63

_NOT_IN_LABELS: Final = re.compile(r"[^A-Za-z0-9\-_. ]")


def label_value(product: str) -> str:
    """Convert a product name as GPU feature discovery does: drop special characters, and replace blanks by hyphens."""
    return "-".join(_NOT_IN_LABELS.sub("", product).split())


def resource_part(profile: str) -> str:
    """Convert a MIG profile for a resource name or label value: the device plugin replaces ``+`` by a dot."""
    return profile.replace("+", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class NvidiaAccelerator(Accelerator):
    """A GPU or a MIG slice. ``products`` are the names that NVML reports for the GPU.

    A model without a known product name is identified by its ``architecture``.
    """

    architecture: str | None = None

    @property
    def resource_names(self) -> tuple[str, ...]:
        name = self._base(None)
        return (name, name + SHARED_SUFFIX)

    @property
    def device_selector(self) -> str:
        names = ", ".join(f"'{product}'" for product in self.products)
        attribute = f"device.attributes['{self.driver}']"
        kind = "gpu" if self.partition is None else "mig"
        terms = [f"device.driver == '{self.driver}'", f"{attribute}.type == '{kind}'"]
        if self.partition is not None:
            terms.append(f"{attribute}.profile == '{self.partition}'")
        if self.architecture is None:
            terms.append(f"{attribute}.productName in [{names}]")
        else:
            terms.append(f"{attribute}.architecture == '{self.architecture}'")
        return " && ".join(terms)

    def _base(self, strategy: MigStrategy | None) -> str:
        """Return the resource name without sharing, which is also the prefix of the labels of feature discovery."""
        if self.partition is None or strategy is MigStrategy.SINGLE:
            return WHOLE
        return f"nvidia.com/mig-{resource_part(self.partition)}"

    def _resource_name(self, strategy: MigStrategy | None, sharing: DeviceSharing | None) -> str:
        renamed = sharing is not None and sharing.rename
        return self._base(strategy) + (SHARED_SUFFIX if renamed else "")

    def _node_labels(
        self, strategy: MigStrategy | None, sharing: DeviceSharing | None
    ) -> dict[str, tuple[str, ...]]:
        if sharing is not None and sharing.mode is SharingMode.VGPU:
            # In a virtual machine, the product label is the vGPU type, which does not name a model.
            return {VGPU_PRESENT: ("true",)}
        base = self._base(strategy)
        labels: dict[str, tuple[str, ...]]
        bare = tuple(label_value(product) for product in self.products)
        suffix = "" if self.partition is None else f"-MIG-{resource_part(self.partition)}"
        if sharing is not None and not sharing.rename:
            suffix += "-SHARED"
        fitting = tuple(name + suffix for name in bare if len(name + suffix) <= LONGEST_LABEL_VALUE)
        if self.architecture is not None:
            labels = {f"{WHOLE}.family": (self.architecture.lower(),)}
        elif len(fitting) == len(bare) or (base == WHOLE and fitting):
            labels = {f"{base}.product": fitting}
        elif base != WHOLE:
            # Under `mixed`, nodes also keep the product label of the GPU: the label identifies the model, and the
            # resource name identifies the slice.
            labels = {f"{WHOLE}.product": bare}
        else:
            # Under `single`, the product label is too long, so no label of the node identifies the model.
            labels = {"nvidia.com/mig.strategy": (MigStrategy.SINGLE.value,)}
        if sharing is not None:
            labels[f"{base}.sharing-strategy"] = (sharing.mode.value,)
        return labels
