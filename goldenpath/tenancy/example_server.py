"""The model server that a team's page shows: one that the team deploys itself, and not a workload of a golden path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.spec.tenant import Tenant

__all__ = ["ExampleServer", "example_server"]

_NAME: Final = "server"
_PORT: Final = 8000
"""Where vLLM, SGLang and TensorRT-LLM listen (SGLang with ``--port 8000``)."""


@dataclass(frozen=True, slots=True)
class ExampleServer:
    """A Deployment to be copied.

    ``hosts`` are the names that its route may have; without one the request has to ask for them first.
    """

    name: str
    port: int
    labels: Mapping[str, str]
    hosts: tuple[str, ...]


def example_server(tenant: Tenant) -> ExampleServer | None:
    """The server of a team that serves models; None for a team that does not.

    A team does where its request has ``autoscaling``, or an entry of ``serving`` with labels of Pods: an entry without
    them is a workload's, and the golden path of that workload writes its Deployment.
    """
    scaled = tenant.autoscaling.workload if tenant.autoscaling is not None else None
    for server in sorted(tenant.serving, key=lambda server: server.name != scaled):
        if server.pods is not None:
            return ExampleServer(server.name, server.port, server.pods, server.hosts)
    if tenant.autoscaling is None:
        return None
    name = scaled or _NAME
    return ExampleServer(name, _PORT, {"app.kubernetes.io/name": name}, ())
