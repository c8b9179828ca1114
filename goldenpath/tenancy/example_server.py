"""The example model server on a team's page, for a team that deploys its own server without a golden path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.spec.tenant import Tenant

__all__ = ["ExampleServer", "example_server"]

_NAME: Final = "server"
_PORT: Final = 8000
"""The port of vLLM, SGLang (with ``--port 8000``) and TensorRT-LLM."""


@dataclass(frozen=True, slots=True)
class ExampleServer:
    """A Deployment to copy.

    ``hosts`` are the host names that its route may have. If it is empty, the team must request hosts first.
    """

    name: str
    port: int
    labels: Mapping[str, str]
    hosts: tuple[str, ...]


def example_server(tenant: Tenant) -> ExampleServer | None:
    """Return the example server of a team that serves models; None for other teams.

    A team serves models if its request has ``autoscaling``, or an entry of ``serving`` with Pod labels. An entry without
    Pod labels belongs to a workload, whose golden path renders the Deployment.
    """
    scaled = tenant.autoscaling.workload if tenant.autoscaling is not None else None
    for server in sorted(tenant.serving, key=lambda server: server.name != scaled):
        if server.pods is not None:
            return ExampleServer(server.name, server.port, server.pods, server.hosts)
    if tenant.autoscaling is None:
        return None
    name = scaled or _NAME
    return ExampleServer(name, _PORT, {"app.kubernetes.io/name": name}, ())
