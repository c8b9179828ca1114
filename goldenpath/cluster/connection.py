"""Connects to the API server of a kubeconfig's context, or of the Pod that this process runs in."""

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
    """Connect to an API server. Nothing is sent yet. The caller closes the client.

    Args:
        context: a context of the kubeconfig; by default the current one.
        kubeconfig: the file, or several as in ``$KUBECONFIG``; by default ``$KUBECONFIG`` or the usual file.
        in_cluster: use the service account of the Pod that this process runs in, and no kubeconfig.
        settings: time-outs and limits (:class:`~goldenpath.cluster.transport.TransportSettings`).

    Raises:
        InputError: no kubeconfig exists, or it has no such context.
        ClusterError: the `kubernetes` package is missing, or the context cannot be used.
    """
    if not in_cluster:
        _check_context(context, kubeconfig)
    client, config = _kubernetes()
    configuration: Configuration = client.Configuration()
    # ClusterClient retries within its limits; a second layer of retries would multiply them.
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


def _check_context(context: str | None, kubeconfig: str | None) -> None:
    if not kubeconfig_files(kubeconfig):
        message = "no kubeconfig exists; name one with --kubeconfig or in KUBECONFIG"
        raise InputError.of("--kubeconfig", "required", message)
    known = context_names(kubeconfig)
    if context is not None and context not in known:
        message = f"is not a context of the kubeconfig, which has {', '.join(known) or 'none'}"
        raise InputError([Problem("--context", "unknown-context", message, context, nearest(context, known))])


def _kubernetes() -> tuple[Any, Any]:
    try:
        from kubernetes import client, config  # noqa: PLC0415 - the import takes a second
    except ImportError as error:
        if error.name != "kubernetes":
            raise
        message = (
            "the cluster verbs need the Kubernetes client; install it with: pip install 'goldenpath[cluster]'"
        )
        raise ClusterError(message) from None
    return client, config


def _first_line(error: Exception) -> str:
    """Return the first line. The lines below hold a plugin's command and output, which may hold a credential."""
    return str(error).partition("\n")[0]
