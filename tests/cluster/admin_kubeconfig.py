"""Kubeconfigs: connecting by a context of the user, and writing one for a server of the tests."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
from pathlib import Path
from typing import Any

from kube_api import Api, Server

from goldenpath import kubeyaml


def connect(context: str) -> Api:
    """Connect by certificate or token.

    Raises:
        LookupError: there is no such context, or it logs in by a plugin, which is not run here.
    """
    file = Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or Path.home() / ".kube" / "config")
    config = kubeyaml.load_file(file)
    chosen = _named(config, "contexts", context)["context"]
    cluster = _named(config, "clusters", chosen["cluster"])["cluster"]
    user = _named(config, "users", chosen["user"])["user"]
    authority = _content(cluster, "certificate-authority", file.parent)
    tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    certificate, key = (_content(user, f"client-{part}", file.parent) for part in ("certificate", "key"))
    if certificate and key:
        with tempfile.NamedTemporaryFile() as both:
            both.write(certificate + b"\n" + key)
            both.flush()
            tls.load_cert_chain(both.name)
    elif "token" not in user:
        raise LookupError(f"context {context} has neither a client certificate nor a token")
    api = Api(Server(cluster["server"], tls), {})
    return api.bearing(user["token"]) if "token" in user else api


def write(file: Path, url: str, authority: Path, token: str) -> None:
    """A kubeconfig with one context, which is the current one."""
    cluster = {"server": url, "certificate-authority": str(authority)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    file.write_text(json.dumps(config), encoding="utf-8")


def _named(config: Any, part: str, name: str) -> Any:
    for entry in config.get(part) or []:
        if entry["name"] == name:
            return entry
    raise LookupError(f"the kubeconfig has no {name!r} among its {part}")


def _content(entry: Any, field: str, folder: Path) -> bytes:
    """The content of a field that holds data or a file name."""
    if data := entry.get(f"{field}-data"):
        return base64.b64decode(data)
    return (folder / entry[field]).read_bytes() if entry.get(field) else b""
