"""A context of a kubeconfig, or the cluster that this process runs in, as a :class:`ClusterClient`."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from goldenpath.cluster.cluster_client import ClusterClient
from goldenpath.cluster.kubeconfig import context_names, kubeconfig_files
from goldenpath.cluster.transport import TransportSettings
from goldenpath.errors import ClusterError, InputError, Problem
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

__all__ = ["connect"]


def connect(
    context: str | None = None, kubeconfig: str | None = None, *, in_cluster: bool = False, **settings: Any
) -> ClusterClient:
    """Connect to an API server. Nothing is sent yet; close the cluster when it is no longer wanted.

    Args:
        context: a context of the kubeconfig; its current one where none is given.
        kubeconfig: the file, or several as in ``$KUBECONFIG``, which is read where none is given.
        in_cluster: as the service account of the Pod that this process runs in; no kubeconfig is read.
        settings: time-outs and limits (:class:`~goldenpath.cluster.transport.TransportSettings`).

    Raises:
        InputError: there is no kubeconfig, or no such context in it.
        ClusterError: the `kubernetes` package is missing, or the context cannot be used.

    """
    if not in_cluster:
        _known_context(context, kubeconfig)
    client, config = _kubernetes()
    configuration: Configuration = client.Configuration()
    # ClusterClient retries: two layers of retries multiply, and only this one knows the limits.
    configuration.retries = False
    try:
        if in_cluster:
            config.load_incluster_config(client_configuration=configuration)
        else:
            files = os.pathsep.join(map(str, kubeconfig_files(kubeconfig)))
            config.load_kube_config(files, context, client_configuration=configuration)
    except config.ConfigException as error:
        where = "this Pod" if in_cluster else f"context {context or '(current)'}"
        raise ClusterError(f"{where} cannot be used: {_first_line(error)}") from None
    limits = TransportSettings(**settings)
    configuration.connection_pool_maxsize = limits.in_flight
    api: ApiClient = client.ApiClient(configuration)
    api.user_agent = f"goldenpath/{version('goldenpath')} kubernetes-client-python/{version('kubernetes')}"
    return ClusterClient(api, context or "", limits)


def _known_context(context: str | None, kubeconfig: str | None) -> None:
    if not kubeconfig_files(kubeconfig):
        message = "there is no kubeconfig; name one with --kubeconfig, or in KUBECONFIG"
        raise InputError.of("--kubeconfig", "required", message)
    known = context_names(kubeconfig)
    if context is not None and context not in known:
        message = f"the kubeconfig has {', '.join(known) or 'no context'}"
        raise InputError([Problem("--context", "unknown-context", message, context, nearest(context, known))])


def _kubernetes() -> tuple[Any, Any]:
    try:
        from kubernetes import client, config  # noqa: PLC0415 - a second, which only these verbs pay
    except ImportError as error:
        if error.name != "kubernetes":
            raise
        message = (
            "the cluster verbs need the Kubernetes client; install it with: pip install 'goldenpath[cluster]'"
        )
        raise ClusterError(message) from None
    return client, config


def _first_line(error: Exception) -> str:
    """A plugin's command line and output stand below the first line, and may hold a credential."""
    return str(error).partition("\n")[0]
