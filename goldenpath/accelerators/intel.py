"""Intel's rules: the names of GPUs and Gaudi accelerators in device plugins, feature rules and DRA drivers.

The sources of each rule are the ``families.*.sources`` of ``data/intel.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.accelerators.accelerator import Accelerator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.accelerators.allocation_modes import DeviceSharing, MigStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class IntelAccelerator(Accelerator):
    """A whole device. ``products`` are the model names that the DRA driver publishes.

    ``device_type`` is the ``type`` attribute of the DRA driver, or None.
    """

    resource: str
    other_resources: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]] = field(hash=False)
    device_type: str | None

    @property
    def resource_names(self) -> tuple[str, ...]:
        return (self.resource, *self.other_resources)

    @property
    def device_selector(self) -> str:
        attribute = f"device.attributes['{self.driver}']"
        terms = [f"device.driver == '{self.driver}'"]
        if self.device_type is not None:
            terms.append(f"{attribute}.type == '{self.device_type}'")
        names = ", ".join(f"'{product}'" for product in self.products)
        terms.append(f"{attribute}.model in [{names}]")
        return " && ".join(terms)

    def _resource_name(self, strategy: MigStrategy | None, sharing: DeviceSharing | None) -> str:
        del strategy
        if sharing is not None and sharing.rename:
            raise ValueError(f"{self.id} cannot be renamed: shared-dev-num keeps the resource name")
        return self.resource

    def _node_labels(
        self, strategy: MigStrategy | None, sharing: DeviceSharing | None
    ) -> dict[str, tuple[str, ...]]:
        del strategy, sharing  # shared-dev-num changes no label
        return dict(self.labels)
