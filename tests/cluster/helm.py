"""Flux's helm-controller with the lockdown of a fleet's own `flux-system/kustomization.yaml`, and charts in a registry."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components import components
from controller_accounts import account_kubeconfig, bound_accounts, service_account
from flux import NAMESPACE, built, deployment, flags_of
from processes import free_ports, process, read

from goldenpath import kubeyaml
from goldenpath.oci import media_types
from goldenpath.oci.blob import Blob

sys.path.append(str(Path(__file__).parent.parent / "artifacts"))
from forged_artifacts import sign, store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from running_platform import RunningPlatform

    from goldenpath.oci.registry_client import RegistryClient
    from goldenpath.signatures.signing_keys import SigningKey

CONTROLLER = "helm-controller"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def push_chart(
    client: RegistryClient, key: SigningKey, name: str, version: str, files: Mapping[str, Any]
) -> str:
    """Push a signed chart as ``helm push`` does; gives its digest. ``files`` has objects by path."""
    about = {"apiVersion": "v2", "name": name, "version": version}
    config = Blob(CONFIG, json.dumps(about).encode())
    layer = Blob(CONTENT, _archive(name, {"Chart.yaml": about, **files}))
    manifest = Blob(
        media_types.MANIFEST,
        json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": media_types.MANIFEST,
                "config": _described(config),
                "layers": [_described(layer)],
            }
        ).encode(),
    )
    store(client, name, version, manifest, config, layer)
    sign(client, name, manifest, key, None)
    return manifest.digest


def _archive(name: str, files: Mapping[str, Any]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, body in files.items():
            text = (body if isinstance(body, str) else json.dumps(body)).encode()
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return packed.getvalue()


def _described(blob: Blob) -> dict[str, Any]:
    return {"mediaType": blob.media_type, "digest": blob.digest, "size": len(blob.data)}


@contextlib.contextmanager
def helm_controller(platform: RunningPlatform, folder: Path) -> Iterator[None]:
    """Run the controller with every right, as Flux does; the accounts of releases limit them."""
    api = platform.api
    rights = bound_accounts(f"cluster-reconciler-{CONTROLLER}", NAMESPACE, CONTROLLER)
    api.apply_all([service_account(NAMESPACE, CONTROLLER), rights])
    lockdown = (platform.repository.pull() / "clusters/eu-central/flux-system/kustomization.yaml").read_text()
    flags = flags_of(built(lockdown, kubeyaml.dump(deployment(CONTROLLER))), CONTROLLER)
    config = account_kubeconfig(api, folder, NAMESPACE, CONTROLLER)
    (health,) = free_ports(1)
    options = ["--metrics-addr=0", f"--health-addr=127.0.0.1:{health}", "--http-retry=1", *flags]
    settings = {
        "KUBECONFIG": str(config),
        "RUNTIME_NAMESPACE": NAMESPACE,
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    with process(components()[CONTROLLER].program(), options, folder, settings) as wait:
        wait(lambda: bool(read(f"http://127.0.0.1:{health}/readyz")))
        yield
