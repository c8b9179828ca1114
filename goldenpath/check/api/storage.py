"""Rules for ConfigMaps, Secrets and volumes. Source: ``pkg/apis/core/validation`` of Kubernetes 1.37."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount
from goldenpath.check.formats import is_data_key
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]

_MAX_SIZE: Final = 1024 * 1024
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_DOCKER: Final = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_NEEDED: Final = {"kubernetes.io/ssh-auth": ("ssh-privatekey",), "kubernetes.io/tls": ("tls.crt", "tls.key")}
_BASIC_AUTH: Final = ("username", "password")


def _keys(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for field in ("data", "binaryData", "stringData"):
        for key in body.get(field, {}):
            if not is_data_key(key):
                fix = "Use A-Z, a-z, 0-9, '-', '_' and '.'."
                yield ApiRuleViolation(f"{field}[{key}]", "data-key", f"{shown(key)} is not a file name", fix)


def _config_map(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    data, binary = body.get("data", {}), body.get("binaryData", {})
    for key in data.keys() & binary.keys():
        yield ApiRuleViolation(
            f"data[{key}]", "data-key", f"{shown(key)} is also in binaryData", "Keep one of the two."
        )
    size = sum(len(text.encode()) for text in data.values()) + sum(
        _decoded_size(text) for text in binary.values()
    )
    yield from _size("data", size)


def _secret(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    data, plain = body.get("data", {}), body.get("stringData", {})
    keys, kind = data.keys() | plain.keys(), body.get("type", "")
    size = sum(_decoded_size(text) for key, text in data.items() if key not in plain) + sum(
        len(text.encode()) for text in plain.values()
    )
    yield from _size("data", size)
    if kind == "kubernetes.io/service-account-token" and not body["metadata"].get("annotations", {}).get(
        _ACCOUNT
    ):
        yield ApiRuleViolation(
            f"metadata.annotations[{_ACCOUNT}]", "secret", "the token has no account", "Name the account."
        )
    for key in _NEEDED.get(kind, ()):
        if key not in keys:
            yield ApiRuleViolation(
                f"data[{key}]", "secret", f"is missing: a Secret of type {kind} needs this key", "Set it."
            )
    if kind == "kubernetes.io/basic-auth" and not keys & {*_BASIC_AUTH}:
        yield ApiRuleViolation(
            "data[username]",
            "secret",
            "is missing: a Secret of this type needs a username or a password",
            "Set one of them.",
        )
    if kind in _DOCKER:
        yield from _docker(_DOCKER[kind], data, plain)


def _docker(key: str, data: dict[str, str], plain: dict[str, str]) -> Iterator[ApiRuleViolation]:
    if key not in data and key not in plain:
        yield ApiRuleViolation(
            f"data[{key}]", "secret", "is missing: a Secret of this type needs this key", "Set it."
        )
        return
    text = plain.get(key)
    try:
        content = json.loads(base64.b64decode(data[key]) if text is None else text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        yield ApiRuleViolation(
            f"data[{key}]", "secret", "is not a JSON object", "Write the registry's credentials as JSON."
        )


def _decoded_size(text: str) -> int:
    return len(text.rstrip("=")) * 3 // 4


def _size(field: str, size: int) -> Iterator[ApiRuleViolation]:
    if size > _MAX_SIZE:
        yield ApiRuleViolation(field, "size", f"has {size:,} bytes", "Keep it under 1 MiB.")


def _claim(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    requests = spec["resources"].get("requests", {})
    if "storage" not in requests:
        yield ApiRuleViolation("resources.requests[storage]", "claim", "is missing", "Set it.")
    elif amount(requests["storage"]) <= 0:
        message = f"{requests['storage']} is not above 0"
        yield ApiRuleViolation("resources.requests[storage]", "claim", message, "Request more than 0.")
    yield from _access_modes(spec)


def _access_modes(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    modes = spec.get("accessModes", ())
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield ApiRuleViolation(
            "accessModes", "claim", "ReadWriteOncePod excludes other modes", "Keep only one mode."
        )


_NOT_SOURCES: Final = frozenset(
    {
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
        "storageClassName", "volumeAttributesClassName", "volumeMode",
    }
)  # fmt: skip


def _volume(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    sources = [name for name in spec if name not in _NOT_SOURCES]
    if not sources:
        yield ApiRuleViolation("", "source", "the volume has no source", "Add one such as csi or nfs.")
    for name in sources[1:]:
        yield ApiRuleViolation(
            name, "source", f"the volume has a source already: {sources[0]}", "Keep one of them."
        )
    if "local" in spec and "nodeAffinity" not in spec:
        yield ApiRuleViolation(
            "nodeAffinity", "volume", "is missing: a local volume is on one node", "Set it."
        )
    for name, quantity in spec["capacity"].items():
        if name != "storage":
            yield ApiRuleViolation(
                f"capacity[{name}]", "volume", f"{shown(name)} is not a capacity of a volume", "Use storage."
            )
        elif amount(quantity) <= 0:
            yield ApiRuleViolation(
                f"capacity[{name}]", "volume", f"{quantity} is not above 0", "Set more than 0."
            )
    yield from _access_modes(spec)


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.ConfigMap": (_keys, _config_map),
    "core.v1.PersistentVolumeClaimSpec": (_claim,),
    "core.v1.PersistentVolumeSpec": (_volume,),
    "core.v1.Secret": (_keys, _secret),
}
