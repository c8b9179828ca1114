"""Every Secret that an object of a tenant names is declared by the request, or is among the objects."""

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
"""Fields that hold ``name: <Secret>``, or are the name: Flux, KEDA, the Prometheus operator, and Pods use these."""
_IN_TEXT: Final = re.compile(r"""ecret(?:(?:Key|Target)?Ref|Name|(?<=ullSecret)s)?["']?\s*:""", re.ASCII)
"""What such a field is in a text: its end, and the colon. It begins with letters, which `re` seeks fast."""
_DATA: Final = frozenset({"annotations", "binaryData", "data", "labels", "stringData"})
_NAMES_NONE: Final = frozenset({"ConfigMap", "Secret"})
"""Kinds that hold texts and no references."""


def secrets_named_in(item: ManifestObject) -> Iterator[tuple[str, str]]:
    """Field and name of each Secret that an object names in its own namespace; optional ones are left out."""
    if item.kind not in _NAMES_NONE:
        yield from _named(item.body, None)


_Place = tuple["_Place | None", str]
"""A step, and the place that it leads on from: text is made of it only where something was found."""


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
    """A name, a mapping with one, or a list of such."""
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
    """Files whose text holds no field that could name a Secret: most, and to search a text costs next to nothing."""
    return frozenset(file.path for file in files if not _IN_TEXT.search(file.text))


def check_secret_references(
    tenancy: Tenancy, objects: Sequence[ManifestObject], without: Collection[str] = ()
) -> Iterator[Finding]:
    """Findings about Secrets that objects of the tenant's namespace name, and that nothing says where they come from.

    The checks of those fields report the Secrets that fields of the request name (:mod:`~goldenpath.check.reference_checks`);
    here are those that an override or the golden path brings in.

    Args:
        tenancy: the tenant on one cluster.
        objects: what was rendered for it there, with its overrides.
        without: files that are known to hold no references (:func:`files_without_references`).

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
            message = f"names Secret {name}, and no entry of `secrets` says where it comes from"
            fix = f"Declare {name} under `secrets` of the request, with its provider and purpose."
            yield Finding(item.file, str(item), field, "secret-not-declared", Severity.WARNING, message, fix)
