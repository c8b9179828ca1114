"""How to keep what a hand edit meant: as an override in the request, where one can say it.

An override is a JSON merge patch (RFC 7386), so the edit is shown as one: from the rendered object to the object in the repository.
Where no override can say it, the advice names what can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.manifests import ManifestObject, is_kubernetes_object
from goldenpath.repository.field_changes import FieldChange, field_changes, same
from goldenpath.repository.object_changes import ObjectId
from goldenpath.tenancy.repository_paths import FLEET_FILE, is_of_platform

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Sequence

__all__ = ["Advice", "advise"]

_FIXED: Final = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
_NONE: Final = object()


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about one object of an edited file, or about the file (``object`` is then empty)."""

    object: str
    text: str
    """What to do, in a sentence."""
    fields: tuple[FieldChange, ...] = ()
    """What was edited: as it was rendered, and as it is."""
    override: dict[str, Any] | None = None
    """An entry for the request's ``overrides``, where one can say the edit."""

    @property
    def as_yaml(self) -> str | None:
        """The entry, to be pasted into the request."""
        return None if self.override is None else kubeyaml.dump({"overrides": [self.override]})


def advise(
    path: str,
    rendered: str | None,
    there: str | None,
    *,
    clusters: Sequence[str] = (),
    approved_by: str | None = None,
    expires: datetime.date | None = None,
) -> tuple[Advice, ...]:
    """What to do about an edited file, object by object.

    Args:
        path: the file.
        rendered: what the pinned version renders there; None where it renders nothing.
        there: what is there; None where somebody removed it.
        clusters: all clusters of the tenant, since an override holds on each of them.
        approved_by: who would agree to an override; left open without one.
        expires: the end that an override would have; left open without one.

    """
    if not path.startswith("clusters/") or not path.endswith((".yaml", ".yml")):
        return (Advice("", "it follows from the request: change that, and publish"),)
    if is_of_platform(path):
        return (Advice("", f"it follows from the fleet: change {FLEET_FILE}, or the platform's golden path"),)
    if there is None:
        message = "no override removes an object: change what the request asks for, or publish to get it back"
        return (Advice("", message),)
    if rendered is None:
        message = "goldenpath did not render it; move the team's own objects to the repository of the tenant's `source`"
        return (Advice("", message),)
    try:
        edited = _by_id(path, there)
    except InputError:
        return (Advice("", "it is no YAML any more, so nothing in it can be kept"),)
    agreement = {
        "reason": f"Edited by hand in {path}",
        "approved_by": approved_by or "<group>",
        "expires": expires.isoformat() if expires else "<YYYY-MM-DD>",
    }
    everywhere = f" It then holds on {', '.join(clusters)}." if len(clusters) > 1 else ""
    return tuple(_of_objects(_by_id(path, rendered), edited, agreement, everywhere))


def _by_id(path: str, text: str) -> dict[ObjectId, dict[str, Any]]:
    documents = kubeyaml.load_all(text, name=path)
    bodies = (document for document in documents if is_kubernetes_object(document))
    return {ObjectId.of(ManifestObject(path, body)): body for body in bodies}


def _of_objects(
    rendered: dict[ObjectId, dict[str, Any]],
    edited: dict[ObjectId, dict[str, Any]],
    agreement: dict[str, str],
    everywhere: str,
) -> Iterator[Advice]:
    found = False
    for identity, body in rendered.items():
        name = str(identity)
        if identity not in edited:
            found = True
            yield Advice(
                name, "it was removed or renamed, which no override does: change what the request asks for"
            )
            continue
        if not same(body, edited[identity]):
            found = True
            yield _of_object(identity, body, edited[identity], agreement, everywhere)
    for identity in edited:
        if identity not in rendered:
            found = True
            message = "it was added by hand: the team's own objects belong in the repository of its `source`"
            yield Advice(str(identity), message)
    if not found:
        yield Advice("", "only comments or layout differ: there is nothing to keep")


def _of_object(
    identity: ObjectId,
    rendered: dict[str, Any],
    edited: dict[str, Any],
    agreement: dict[str, str],
    everywhere: str,
) -> Advice:
    name, fields = str(identity), field_changes(rendered, edited)
    if identity.kind == "Secret":
        message = "a Secret's values must not be in Git: change them where they are used, and refer to the Secret instead"
        return Advice(name, message, fields)
    patch = _merge_patch(rendered, edited)
    if patch is _NONE:
        return Advice(
            name, "no merge patch can set a field to null: change what the request asks for", fields
        )
    if any(_has(patch, steps) for steps in _FIXED):
        return Advice(name, "no override changes what an object is: change what the request asks for", fields)
    override = {"kind": identity.kind, "name": identity.name, "patch": patch, **agreement}
    return Advice(name, f"to keep it, add this override to the request.{everywhere}", fields, override)


def _merge_patch(before: Any, after: Any) -> Any:
    """The merge patch that makes ``after`` of ``before``, or `_NONE` where no patch can do that: in a patch, null removes."""
    if not isinstance(after, dict):
        return _NONE if after is None or _holds_null(after) else after
    if not isinstance(before, dict):
        return _NONE if _holds_null(after) else after
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key in before and same(before[key], value):
            continue
        inner = _merge_patch(before.get(key), value)
        if inner is _NONE:
            return _NONE
        patch[key] = inner
    return patch


def _holds_null(value: Any) -> bool:
    """Whether a merge patch would lose a null in here; in a list it stays, since lists are replaced as they are."""
    return isinstance(value, dict) and any(inner is None or _holds_null(inner) for inner in value.values())


def _has(patch: Any, steps: tuple[str, ...]) -> bool:
    for step in steps:
        if not isinstance(patch, dict) or step not in patch:
            return False
        patch = patch[step]
    return True
