"""Advice on keeping a hand edit: as an override in the request, or by another way if no override can express it.

An override has the fields as a JSON merge patch (RFC 7386), and single entries of lists as list edits.
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
    """Advice on one object of an edited file, or on the whole file (``object`` is then empty)."""

    object: str
    text: str
    """The advice, in a sentence."""
    fields: tuple[FieldChange, ...] = ()
    """The edited fields: the rendered and the present value."""
    override: dict[str, Any] | None = None
    """An entry for the request's ``overrides``, if it can express the edit."""
    everywhere: str = ""
    """The clusters of the edit, as a sentence after a space; empty for a tenant with one cluster."""

    @property
    def as_yaml(self) -> str | None:
        """The override as YAML for the request."""
        return None if self.override is None else kubeyaml.dump({"overrides": [self.override]})


def advise(
    path: str,
    rendered: str | None,
    present: str | None,
    *,
    clusters: Sequence[str] = (),
    approved_by: str | None = None,
    expires: datetime.date | None = None,
) -> tuple[Advice, ...]:
    """Advice on an edited file, object by object.

    Args:
        path: the path of the file.
        rendered: the text that the pinned version renders; None if it does not render this file.
        present: the text in the repository; None if the file was removed.
        clusters: all clusters of the tenant: an override applies to each.
        approved_by: the approver in an override; by default a placeholder.
        expires: the end date in an override; by default a placeholder.
    """
    if not path.startswith("clusters/") or not path.endswith((".yaml", ".yml")):
        return (Advice("", "the file follows from the request; change the request, and publish"),)
    if is_of_platform(path):
        message = f"the file follows from the fleet; change {FLEET_FILE}, or the platform's golden path"
        return (Advice("", message),)
    if present is None:
        message = "no override removes an object; change the request, or publish to restore the file"
        return (Advice("", message),)
    if rendered is None:
        message = "goldenpath did not render the file; move the team's own objects to the repository of the tenant's `source`"
        return (Advice("", message),)
    try:
        edited = _by_id(path, present)
    except InputError:
        return (Advice("", "the file is no longer valid YAML, so no edit in it can be kept"),)
    agreement = {
        "reason": f"Edited by hand in {path}",
        "approved_by": approved_by or "<group>",
        "expires": expires.isoformat() if expires else "<YYYY-MM-DD>",
    }
    everywhere = f" This applies on {', '.join(clusters)}." if len(clusters) > 1 else ""
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
    changed = [name for name, body in rendered.items() if not kubeyaml.same(body, edited.get(name))]
    added = [name for name in edited if name not in rendered]
    for identity in changed:
        name = str(identity)
        if identity not in edited:
            yield Advice(
                name, "the object was removed or renamed, and no override does that; change the request"
            )
        else:
            yield _of_object(identity, rendered[identity], edited[identity], agreement, everywhere)
    for identity in added:
        message = (
            "the object was added by hand; move the team's own objects to the repository of its `source`"
        )
        yield Advice(str(identity), message)
    if not changed and not added:
        yield Advice("", "only comments or layout differ; there is nothing to keep")


def _of_object(
    identity: ObjectId,
    rendered: dict[str, Any],
    edited: dict[str, Any],
    agreement: dict[str, str],
    everywhere: str,
) -> Advice:
    name, fields = str(identity), field_changes(rendered, edited)
    if identity.kind == "Secret":
        message = "values of a Secret must not be in Git; change them on the cluster, and refer to the Secret"
        return Advice(name, message, fields)
    judged = judge(rendered, edited, rendered, _KEYS)
    if refused := next((each for each in judged if each.verdict is not EditVerdict.CARRIED), None):
        message = f"no override can express the edit of {refused.edit.place}, because {refused.why}; change the request"
        return Advice(name, message, fields)
    changes = override_changes(each.edit for each in judged)
    override = {"kind": identity.kind, "name": identity.name, **changes, **agreement}
    text = f"to keep the edit, add this override to the request.{everywhere}"
    return Advice(name, text, fields, override, everywhere)
