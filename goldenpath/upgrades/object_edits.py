"""Find the hand edits of one owner, object by object, and judge them against a new rendering."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.edits import Edit, EditAction, EditVerdict, JudgedEdit, ListKeys, judge
from goldenpath.errors import MISSING, InputError, Problem
from goldenpath.git.objects import FILE_MODE
from goldenpath.kubeyaml import same
from goldenpath.manifests import ManifestObject, is_kubernetes_object
from goldenpath.repository.hand_edits import is_record, plain_id
from goldenpath.repository.object_changes import ObjectId, cluster_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from goldenpath.git import TreeEntry
    from goldenpath.repository.fleet_tree import FleetTree
    from goldenpath.repository.lock import Lock

__all__ = ["ObjectEdit", "Objects", "edits_by_hand", "edits_in_file", "objects_in"]

_SHOWN_CHARS: Final = 120

Objects = dict[ObjectId, dict[str, Any]]
"""Objects by identity."""


@dataclass(frozen=True, slots=True)
class ObjectEdit:
    """One judged edit with its file and object. ``object`` is None for an edit of a whole file."""

    file: str
    judged: JudgedEdit
    object: ObjectId | None = None

    @property
    def verdict(self) -> EditVerdict:
        return self.judged.verdict

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The identity of the edit."""
        edit = self.judged.edit
        values = (repr(edit.before), repr(edit.after))
        return (self.file, str(self.object), edit.place, edit.action.value, "".join(values))

    def refused(self, why: str) -> ObjectEdit:
        """Mark the edit as impossible to carry, unless the new version has it already."""
        if self.verdict is EditVerdict.ALREADY_SO:
            return self
        return replace(self, judged=replace(self.judged, verdict=EditVerdict.NOT_SAYABLE, why=why))

    def refused_by(self, checks: Mapping[tuple[str, str], str]) -> ObjectEdit:
        """Mark the edit as a conflict if the checks refuse its override. ``checks`` has reasons by kind and name."""
        which = self.object
        why = None if which is None else checks.get((which.kind, which.name))
        if why is None or self.verdict is not EditVerdict.CARRIED:
            return self
        return replace(self, judged=replace(self.judged, verdict=EditVerdict.CONFLICT, why=why))

    @property
    def problem(self) -> Problem:
        """The problem of an edit that stops the upgrade, with the place, the values and the fix."""
        edit, now = self.judged.edit, self.judged.now
        place = " ".join(part for part in (str(self.object or ""), edit.place) if part)
        values = ""
        if edit.action is not EditAction.WHOLE and not (self.object and self.object.kind == "Secret"):
            values = (
                f" (rendered {_shown(edit.before)}, edited {_shown(edit.after)}, new version {_shown(now)})"
            )
        fixes = {
            EditVerdict.CONFLICT: "restore the file to accept the new version's value; or publish the edit as an override "
            "of the request first, and upgrade with --keep-overrides",
            EditVerdict.ORPHANED: "restore the file, because the edited object no longer exists; or change the request",
        }
        fix = fixes.get(self.verdict) if not same(edit.before, now) else None
        fix = fix or "restore the file, and change the request"
        message = f"{self.verdict.value}: {self.judged.why}{values}; {fix}"
        return Problem(place, f"edit-{self.verdict.name.lower().replace('_', '-')}", message, file=self.file)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs, without missing values."""
        edit = self.judged.edit
        values = {"before": edit.before, "after": edit.after, "new": self.judged.now}
        hidden = self.object is not None and self.object.kind == "Secret"
        shown = {
            name: "(hidden)" if hidden else value for name, value in values.items() if value is not MISSING
        }
        return {
            "file": self.file,
            "object": None if self.object is None else str(self.object),
            "cluster": cluster_of(self.file),
            "place": edit.place,
            "action": edit.action.value,
            "verdict": self.verdict.value,
            "why": self.judged.why,
            **shown,
        }


def _shown(value: Any) -> str:
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def objects_in(texts: Iterable[tuple[str, str]]) -> Objects:
    """The Kubernetes objects in files, each given as path and text.

    Raises:
        InputError: a file is not valid YAML.
    """
    found: Objects = {}
    for path, text in texts:
        if path.endswith((".yaml", ".yml")):
            for body in kubeyaml.load_rendered(text, name=path):
                if is_kubernetes_object(body):
                    found[ObjectId.of(ManifestObject(path, body))] = body
    return found


def edits_by_hand(
    tree: FleetTree,
    present: Mapping[str, TreeEntry],
    lock: Lock,
    new: Objects,
    *,
    rendered: Callable[[str], str | None],
    keys: ListKeys,
) -> tuple[ObjectEdit, ...]:
    """Every hand edit since the last publish, with its verdict.

    Args:
        tree: the present state.
        present: the files of the owner, by path.
        lock: the lock of the last publish.
        new: every object of the new rendering.
        rendered: returns the text that the last publish rendered for a path, or None.
        keys: finds the keys of lists.
    """
    found: list[ObjectEdit] = []
    changed = {
        path
        for path in {*lock.files, *present}
        if not is_record(path)
        and (lock.files.get(path) != (plain_id(present[path]) if path in present else None))
    }
    texts = tree.texts({path: present[path] for path in changed if path in present})
    for path in sorted(changed):
        base = rendered(path) if path in lock.files else None
        if path in lock.files and base is None:
            why = "this clone lacks the rendered file; fetch it with `git fetch --unshallow`"
            found.append(_of_file(path, why))
        elif path in present and present[path].mode != FILE_MODE:
            found.append(_of_file(path, "the file is now a symbolic link or an executable"))
        else:
            found += edits_in_file(path, base, texts.get(path), new, keys)
    return tuple(found)


def _of_file(path: str, why: str) -> ObjectEdit:
    judged = JudgedEdit(Edit((), EditAction.WHOLE), EditVerdict.NOT_SAYABLE, MISSING, why)
    return ObjectEdit(path, judged)


def edits_in_file(
    path: str, base: str | None, present: str | None, new: Objects, keys: ListKeys
) -> Iterator[ObjectEdit]:
    """Every edit of one file, with its verdict.

    Args:
        path: the path of the file.
        base: the rendered text; None if the file was not rendered.
        present: the present text; None if the file was removed.
        new: every object of the new rendering.
        keys: finds the keys of lists.
    """
    if not path.endswith((".yaml", ".yml")):
        if base is None or present is None or base.replace("\r\n", "\n") != present.replace("\r\n", "\n"):
            yield _of_file(path, "the file follows from the request; change the request, or restore the file")
        return
    try:
        edited = objects_in([(path, present or "")])
        other_edited = _others(path, present)
    except InputError:
        yield _of_file(path, "the file is no longer valid YAML")
        return
    rendered, other_rendered = objects_in([(path, base or "")]), _others(path, base)
    if not same(other_rendered, other_edited):
        yield _of_file(path, "the edited document is not a Kubernetes object, and no override changes it")
    for identity in (*rendered, *(each for each in edited if each not in rendered)):
        for judged in _of_object(rendered.get(identity), edited.get(identity), new.get(identity), keys):
            yield ObjectEdit(path, judged, identity)


def _others(path: str, text: str | None) -> list[Any]:
    """The documents of a file that are not Kubernetes objects, such as a kustomization."""
    documents = kubeyaml.load_all(text or "", name=path)
    return [each for each in documents if each is not None and not is_kubernetes_object(each)]


def _of_object(
    base: dict[str, Any] | None, present: dict[str, Any] | None, new: dict[str, Any] | None, keys: ListKeys
) -> Iterator[JudgedEdit]:
    if base is not None and present is not None:
        yield from judge(base, present, new, keys)
        return
    before, after, now = (MISSING if body is None else body for body in (base, present, new))
    edit = Edit((), EditAction.WHOLE, before, after)
    if same(now, after):
        yield JudgedEdit(edit, EditVerdict.ALREADY_SO, now)
    else:
        why = "no override removes an object" if after is MISSING else "no override adds an object"
        yield JudgedEdit(edit, EditVerdict.NOT_SAYABLE, now, why)
