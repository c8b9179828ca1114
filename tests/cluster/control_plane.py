"""A Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager and kube-scheduler.

There is no kubelet: an object is admitted, stored and acted upon by controllers, and a Pod is bound at most.
Data and keys live in one folder, which goes away with the control plane.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from kube_api import Api, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

COMMANDS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_MODULE = Path(__file__).parent / "assets" / "go.mod"


def binaries() -> Path:
    """Where the binaries are, if they are anywhere: as controller developers know it, or where ours are built."""
    if given := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(given)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = re.search(r"^\tk8s\.io/kubernetes (v\S+)$", _MODULE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{_MODULE} does not name a version of Kubernetes"
    return cache / "goldenpath" / "cluster-assets" / found[1]


def missing(folder: Path) -> list[str]:
    return [command for command in COMMANDS if not os.access(folder / command, os.X_OK)]


@contextlib.contextmanager
def control_plane(binaries: Path) -> Iterator[Api]:
    """A control plane that is ready, as its administrator sees it; it is killed at the end.

    The keys are the API server's own: it makes a certificate for itself, and signs the tokens of service accounts
    with the same key. People and components have static tokens.
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
        client, peer, port = _free_ports(3)
        etcd, url = f"http://127.0.0.1:{client}", f"https://127.0.0.1:{port}"

        def start(command: str, *options: str) -> Callable[[Callable[[], bool]], None]:
            return running.enter_context(_process(binaries / command, options, folder))

        def kubeconfig(user: str) -> str:
            file = folder / f"{user.rpartition(':')[2]}.kubeconfig"
            file.write_text(json.dumps(_kubeconfig(url, certificate, user, tokens[user])))
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
        )(lambda: b"true" in _read(f"{etcd}/health"))

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
            "--authorization-mode=Node,RBAC",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--profiling=false",
        )
        ready(certificate.exists)
        server = Server(url, ssl.create_default_context(cafile=str(certificate)))
        running.callback(server.close)
        api = Api(server, {}).bearing(tokens["administrator"])
        ready(lambda: api.send("GET", "/readyz").ok)

        start(
            "kube-controller-manager",
            kubeconfig("system:kube-controller-manager"),
            f"--service-account-private-key-file={key}",
            f"--root-ca-file={certificate}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            # A fake Node has no kubelet that would say it is alive.
            "--controllers=*,-node-lifecycle-controller",
        )(lambda: api.send("GET", "/api/v1/namespaces/default/serviceaccounts/default").ok)
        start(
            "kube-scheduler",
            kubeconfig("system:kube-scheduler"),
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        )
        yield api


@contextlib.contextmanager
def _process(command: Path, options: Sequence[str], folder: Path) -> Iterator[Callable[..., None]]:
    """A process while it is wanted; gives what waits until it is ready, or says why it ended."""
    log = folder / f"{command.name}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [str(command), *options], stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=folder
        ) as process,
    ):

        def wait(ready: Callable[[], bool], seconds: float = 120) -> None:
            end = time.monotonic() + seconds
            while True:
                with contextlib.suppress(OSError):
                    if ready():
                        return
                if process.poll() is not None or time.monotonic() > end:
                    last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                    raise RuntimeError(f"{command.name} did not become ready:\n{last}")
                time.sleep(0.1)

        try:
            yield wait
        finally:
            process.kill()  # its data go away too: there is nothing to shut down in an orderly way


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=2) as response:
        data: bytes = response.read()
        return data


def _kubeconfig(url: str, certificate: Path, user: str, token: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(certificate)}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
    }
