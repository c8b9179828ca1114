"""Try hand edits as overrides of a request: the checks must accept them, and the result must have the edits."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.edits import EditVerdict
from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.fleet import Submission
from goldenpath.kubeyaml.editing import edited
from goldenpath.render.overrides import overridden_body
from goldenpath.spec.override import Override
from goldenpath.upgrades.carried_edits import overrides_for
from goldenpath.upgrades.object_edits import objects_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.findings import Finding
    from goldenpath.fleet.desired_files import DesiredFiles
    from goldenpath.repository.object_changes import ObjectId
    from goldenpath.upgrades.object_edits import ObjectEdit, Objects

__all__ = ["OverrideTrial", "errors_of", "objects_of"]


class OverrideTrial:
    """Tries overrides on one request.

    Args:
        render: parses and renders a request with the new version; raises InputError for a refused request.
        agreement: reason, approver and end date of the overrides.
    """

    def __init__(
        self,
        request: Submission,
        render: Callable[[Submission], DesiredFiles],
        agreement: dict[str, Any],
    ) -> None:
        self._request = request
        self._render = render
        self._agreement = agreement

    def carried(
        self, edits: tuple[ObjectEdit, ...], desired: DesiredFiles, new: Objects
    ) -> tuple[tuple[ObjectEdit, ...], Submission | None, DesiredFiles]:
        """Add the edits as overrides to the request. An edit becomes a conflict if the checks refuse its override.

        Args:
            edits: the judged edits.
            desired: the rendering of the request without these overrides.
            new: its objects.
        """
        known = {(each.rule, each.object, each.field) for each in errors_of(desired)}
        refused: dict[tuple[str, str], str] = {}
        entries = [*overrides_for(edits, new, self._agreement)]
        result = self._try(entries)
        if (together := _new_error(result, known)) is not None:
            for entry in entries:
                if (why := _new_error(self._try([entry]), known)) is not None:
                    refused[entry["kind"], entry["name"]] = why
            if not refused:
                # Each override is valid alone, but not together with the others.
                refused = dict.fromkeys(((e["kind"], e["name"]) for e in entries), together)
            edits = tuple(edit.refused_by(refused) for edit in edits)
            entries = [*overrides_for(edits, new, self._agreement)]
            result = self._try(entries)
        if isinstance(result, InputError):
            return edits, None, desired
        request, rendered = result
        verified = self._verified(edits, entries, new, rendered)
        return verified, request if entries else None, rendered

    def _verified(
        self,
        edits: tuple[ObjectEdit, ...],
        entries: list[dict[str, Any]],
        new: Objects,
        rendered: DesiredFiles,
    ) -> tuple[ObjectEdit, ...]:
        """Mark an edit as impossible to carry if the rendered object differs from the new version with the override."""
        objects = objects_of(rendered)
        overrides = [Override.model_validate(_with_day(entry)) for entry in entries]

        def is_right(identity: ObjectId) -> bool:
            wanted = new[identity]
            for override in overrides:
                names = (override.kind, override.name) == (identity.kind, identity.name)
                if names and override.is_on(identity.cluster):
                    wanted = overridden_body(wanted, override)
            return not kubeyaml.same(wanted, new[identity]) and kubeyaml.same(objects.get(identity), wanted)

        return tuple(
            edit.refused("the override does not result in the edited object")
            if edit.verdict is EditVerdict.CARRIED and edit.object is not None and not is_right(edit.object)
            else edit
            for edit in edits
        )

    def _try(self, entries: list[dict[str, Any]]) -> tuple[Submission, DesiredFiles] | InputError:
        """The request with these overrides and its rendering, or the error of a refused request."""
        if not entries:
            return self._request, self._render(self._request)
        text = self._request.text or ""
        number = len(kubeyaml.load(text).get("overrides") or ())
        try:
            text = edited(text, [(("overrides", at), entry) for at, entry in enumerate(entries, number)])
            request = Submission(kubeyaml.load(text, written=True), text, self._request.file)
            return request, self._render(request)
        except InputError as error:
            return error


def _with_day(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "expires": dt.date.fromisoformat(entry["expires"])}


def objects_of(desired: DesiredFiles) -> Objects:
    return objects_in(
        (path, content.text) for path, content in desired.files.items() if path.startswith("clusters/")
    )


def errors_of(desired: DesiredFiles) -> list[Finding]:
    return [finding for finding in desired.findings if finding.severity is Severity.ERROR]


def _new_error(
    result: tuple[Submission, DesiredFiles] | InputError, known: set[tuple[str, str, str]]
) -> str | None:
    """The first error that the overrides cause, or None."""
    if isinstance(result, InputError):
        return str(result.problems[0])
    new = [each for each in errors_of(result[1]) if (each.rule, each.object, each.field) not in known]
    return f"{new[0].rule}: {new[0].message}" if new else None
