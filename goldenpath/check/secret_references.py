"""Checks that the request declares, or renders, every Secret that an object of the tenant names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.object_bodies import mapping
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from goldenpath.manifests import ManifestObject, RenderedFile
    from goldenpath.tenancy import Tenancy

__all__ = ["check_secret_references", "files_without_references", "secrets_named_in"]

_REFERENCE: Final = re.compile(
    r"(.*[sS]ecretRef|secretKeyRef|secretTargetRef|bearerTokenSecret|clientSecret|pullSecret|imagePullSecrets|secret(Name)?)"
)
"""Fields that contain ``name: <Secret>``, or are the name. Flux, KEDA, the Prometheus operator and Pods use them."""
_IN_TEXT: Final = re.compile(r"""ecret(?:(?:Key|Target)?Ref|Name|(?<=ullSecret)s)?["']?\s*:""", re.ASCII)
"""The end of such a field in a text, with the colon. It starts with literal letters, because `re` finds those fast."""
_DATA: Final = frozenset({"annotations", "binaryData", "data", "labels", "stringData"})
_WITHOUT_REFERENCES: Final = frozenset({"ConfigMap", "Secret"})


def secrets_named_in(item: ManifestObject) -> Iterator[tuple[str, str]]:
    """Yield the field and name of each required Secret that an object names in its own namespace."""
    if item.kind not in _WITHOUT_REFERENCES:
        yield from _named(item.body, None)


_Place = tuple["_Place | None", str]
"""A path as a linked list: the parent's path and the last step. Only paths of findings become text."""


def _named(node: dict[str, Any] | list[Any], place: _Place | None) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if isinstance(node, list):
        for index, entry in enumerate(node):
            if isinstance(entry, (dict, list)):
                found += _named(entry, (place, f"[{index}]"))
        return found
    for key, value in node.items():
        if key in _DATA:
            continue
        if _is_reference(str(key)):
            found += _names(value, _text((place, f".{key}")))
        elif isinstance(value, (dict, list)):
            found += _named(value, (place, f".{key}"))
    return found


@lru_cache(maxsize=4096)
def _is_reference(key: str) -> bool:
    return _REFERENCE.fullmatch(key) is not None


def _text(place: _Place | None) -> str:
    steps: list[str] = []
    while place is not None:
        place, step = place
        steps.append(step)
    return "".join(reversed(steps)).removeprefix(".")


def _names(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """Yield the names in a value: a name, a mapping with a name, or a list of these."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _names(entry, f"{field}[{index}]")
    elif isinstance(value, dict) and value.get("optional") is not True and not value.get("namespace"):
        for key in ("name", "secretName"):
            if isinstance(value.get(key), str):
                yield f"{field}.{key}", value[key]


def files_without_references(files: Iterable[RenderedFile]) -> frozenset[str]:
    """Return the paths of files without a field that could name a Secret. A text search is cheap, and most files have none."""
    return frozenset(file.path for file in files if not _IN_TEXT.search(file.text))


def check_secret_references(
    tenancy: Tenancy, objects: Sequence[ManifestObject], without: Collection[str] = ()
) -> Iterator[Finding]:
    """Find Secrets without a declaration that objects in the tenant's namespace name.

    These come from overrides or from the golden path. :mod:`~goldenpath.check.reference_checks` reports Secrets that
    fields of the request name.

    Args:
        tenancy: the tenant on one cluster.
        objects: the rendered objects of the tenant there, with overrides applied.
        without: files without references (:func:`files_without_references`).
    """
    own = [item for item in objects if item.namespace == tenancy.name]
    known = {secret.name for secret in tenancy.needed_secrets}
    known |= {item.name for item in own if item.kind in {"Secret", "ExternalSecret", "SealedSecret"}}
    known |= {
        str(mapping(item.body, "spec", "target").get("name")) for item in own if item.kind == "ExternalSecret"
    }
    reported = set()
    for item in (each for each in own if each.file not in without):
        for field, name in secrets_named_in(item):
            if name in known or name in reported:
                continue
            reported.add(name)
            message = f"names Secret {name}, and no entry of `secrets` declares its source"
            fix = f"Declare {name} under `secrets` of the request, with its provider and purpose."
            yield Finding(item.file, str(item), field, "secret-not-declared", Severity.WARNING, message, fix)
