"""Advice on keeping a hand edit: as an override in the request, where an override can express it.

The edit is shown as an override: its fields as a JSON merge patch (RFC 7386), and single items of lists as list edits.
Where no override can say it, the advice names what can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.edits import EditVerdict, ListKeys, judge, override_changes
from goldenpath.errors import InputError
from goldenpath.manifests import ManifestObject, is_kubernetes_object
from goldenpath.repository.field_changes import FieldChange, field_changes
from goldenpath.repository.object_changes import ObjectId
from goldenpath.tenancy.repository_paths import FLEET_FILE, is_of_platform

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Sequence

__all__ = ["Advice", "advise"]

_KEYS: Final = ListKeys()


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
    everywhere: str = ""
    """Where it then holds, as a sentence after a space; empty where the tenant has one cluster."""

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
        there: the text that is there; None where the file was removed.
        clusters: all clusters of the tenant, since an override holds on each of them.
        approved_by: who would agree to an override; left open without one.
        expires: the end that an override would have; left open without one.

    """
    if not path.startswith("clusters/") or not path.endswith((".yaml", ".yml")):
        return (Advice("", "it follows from the request: change that, and publish"),)
    if is_of_platform(path):
        return (Advice("", f"it follows from the fleet: change {FLEET_FILE}, or the platform's golden path"),)
    if there is None:
        message = "no override removes an object: change the request, or publish to get it back"
        return (Advice("", message),)
    if rendered is None:
        message = "goldenpath did not render it; move the team's own objects to the repository of the tenant's `source`"
        return (Advice("", message),)
    try:
        edited = _by_id(path, there)
    except InputError:
        return (Advice("", "it is not YAML any more, so nothing in it can be kept"),)
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
            yield Advice(name, "it was removed or renamed, which no override does: change the request")
            continue
        if not kubeyaml.same(body, edited[identity]):
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
    judged = judge(rendered, edited, rendered, _KEYS)
    if refused := next((each for each in judged if each.verdict is not EditVerdict.CARRIED), None):
        what = f"no override says the edit of {refused.edit.place}, since {refused.why}"
        return Advice(name, f"{what}: change the request", fields)
    changes = override_changes(each.edit for each in judged)
    override = {"kind": identity.kind, "name": identity.name, **changes, **agreement}
    text = f"to keep it, add this override to the request.{everywhere}"
    return Advice(name, text, fields, override, everywhere)
