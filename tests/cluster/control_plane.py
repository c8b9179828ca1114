"""A Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager and kube-scheduler.

There is no kubelet: an object is admitted, stored and acted upon by controllers, and a Pod is bound at most.
Data and keys live in one folder, which goes away with the control plane.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import admin_kubeconfig
from control_plane_authority import Authority
from identity_provider import AUDIENCE, identity_provider
from kube_api import Api, Server
from processes import free_ports, process, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUPS_PREFIX = "oidc:"
"""What a fleet calls `groups.prefix`: the sample one, and those of the tests, have this."""

COMMANDS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


def missing(folder: Path) -> list[str]:
    """Which of the programs a folder lacks."""
    return [command for command in COMMANDS if not os.access(folder / command, os.X_OK)]


@contextlib.contextmanager
def control_plane(binaries: Path) -> Iterator[Api]:
    """A control plane that is ready, as its administrator sees it; it is killed at the end.

    The keys are the API server's own: it makes a certificate for itself, and signs the tokens of service accounts
    with the same key. Components have static tokens; people have tokens of an identity provider.
    """
    with contextlib.ExitStack() as running:
        # In memory where that can be had: etcd waits for the disk on every write.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = Path(running.enter_context(tempfile.TemporaryDirectory("-goldenpath", dir=memory)))
        certificate, key = folder / "apiserver.crt", folder / "apiserver.key"
        users = {
            "administrator": "system:masters",
            "system:kube-controller-manager": "",
            "system:kube-scheduler": "",
        }
        tokens = {user: secrets.token_hex(16) for user in users}
        known = folder / "tokens.csv"
        known.write_text(
            "".join(f'{tokens[user]},{user},{user},"{group}"\n' for user, group in users.items())
        )
        client, peer, port = free_ports(3)
        etcd, url = f"http://127.0.0.1:{client}", f"https://127.0.0.1:{port}"

        def start(command: str, *options: str) -> Callable[[Callable[[], bool]], None]:
            # Each CRD makes the API server rebuild its OpenAPI: collecting less garbage, in two thirds of the time.
            return running.enter_context(process(binaries / command, options, folder, {"GOGC": "400"}))

        def as_user(user: str) -> str:
            file = folder / f"{user.rpartition(':')[2]}.kubeconfig"
            admin_kubeconfig.write(file, url, certificate, tokens[user])
            return f"--kubeconfig={file}"

        start(
            "etcd",
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--log-level=warn",
        )(lambda: b"true" in read(f"{etcd}/health"))

        people = running.enter_context(identity_provider(folder))
        # By this the servers of further APIs know that it is the API server that asks, and for whom.
        proxies = folder / "proxies"
        proxies.mkdir()
        front = Authority(proxies, "front-proxy")
        client_certificate, client_key = front.issue("client", "front-proxy-client")
        ready = start(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            "--endpoint-reconciler-type=none",  # a Service may not lead to loopback
            f"--cert-dir={folder}",
            f"--token-auth-file={known}",
            "--anonymous-auth=false",
            f"--oidc-issuer-url={people.issuer}",
            f"--oidc-ca-file={people.certificate}",
            f"--oidc-client-id={AUDIENCE}",
            "--oidc-username-claim=email",
            "--oidc-groups-claim=groups",
            f"--oidc-groups-prefix={GROUPS_PREFIX}",
            "--authorization-mode=Node,RBAC",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--requestheader-client-ca-file={front.certificate}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={client_certificate}",
            f"--proxy-client-key-file={client_key}",
            "--profiling=false",
        )
        ready(certificate.exists)
        server = Server(url, ssl.create_default_context(cafile=str(certificate)), certificate, people)
        running.callback(server.close)
        api = Api(server, {}).bearing(tokens["administrator"])
        ready(lambda: api.send("GET", "/readyz").ok)

        start(
            "kube-controller-manager",
            as_user("system:kube-controller-manager"),
            f"--service-account-private-key-file={key}",
            f"--root-ca-file={certificate}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--horizontal-pod-autoscaler-sync-period=2s",  # 15 s by default; it decides as ever
            # A fake Node has no kubelet that would say it is alive.
            "--controllers=*,-node-lifecycle-controller",
        )(lambda: api.send("GET", "/api/v1/namespaces/default/serviceaccounts/default").ok)
        start(
            "kube-scheduler",
            as_user("system:kube-scheduler"),
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        )
        yield api
