"""An entry of `serving` for network policies: its Pods, their callers and their egress."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from goldenpath import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.spec.serving import Egress, Serving

__all__ = ["ServerAccess"]


@dataclass(frozen=True)
class ServerAccess:
    """A server of a tenant."""

    serving: Serving

    @property
    def name(self) -> str:
        return self.serving.name

    @property
    def port(self) -> int:
        return self.serving.port

    @property
    def pods(self) -> Mapping[str, str]:
        """The labels of the Pods."""
        return self.serving.pods or {names.WORKLOAD: self.serving.name}

    @property
    def caller_namespaces(self) -> tuple[str, ...]:
        """Namespaces whose Pods may call the server, in addition to its own and the gateway's."""
        return tuple(dict.fromkeys((*self.serving.callers.tenants, *self.serving.callers.namespaces)))

    @cached_property
    def egress_networks(self) -> tuple[Egress, ...]:
        return tuple(egress for egress in self.serving.egress if egress.cidr is not None)

    @cached_property
    def egress_hosts(self) -> tuple[Egress, ...]:
        return tuple(egress for egress in self.serving.egress if egress.host is not None)
