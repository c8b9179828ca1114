"""Hand edits of one tenant, workload or platform, object by object, judged against a new rendering."""

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
    """One judged edit, with the file and the object that it is in; ``object`` is None for an edit of a file as a whole."""

    file: str
    judged: JudgedEdit
    object: ObjectId | None = None

    @property
    def verdict(self) -> EditVerdict:
        """What becomes of it."""
        return self.judged.verdict

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes the edit that edit."""
        edit = self.judged.edit
        values = (repr(edit.before), repr(edit.after))
        return (self.file, str(self.object), edit.place, edit.action.value, "".join(values))

    def refused(self, why: str) -> ObjectEdit:
        """The edit as one that no override can say, unless the new version has it already."""
        if self.verdict is EditVerdict.ALREADY_SO:
            return self
        return replace(self, judged=replace(self.judged, verdict=EditVerdict.NOT_SAYABLE, why=why))

    def refused_by(self, checks: Mapping[tuple[str, str], str]) -> ObjectEdit:
        """The edit as a conflict where the checks refuse its override; ``checks`` has why, by kind and name."""
        which = self.object
        why = None if which is None else checks.get((which.kind, which.name))
        if why is None or self.verdict is not EditVerdict.CARRIED:
            return self
        return replace(self, judged=replace(self.judged, verdict=EditVerdict.CONFLICT, why=why))

    @property
    def problem(self) -> Problem:
        """Why it stops the upgrade: where, both values, and the fix."""
        edit, now = self.judged.edit, self.judged.now
        place = " ".join(part for part in (str(self.object or ""), edit.place) if part)
        values = ""
        if edit.action is not EditAction.WHOLE and not (self.object and self.object.kind == "Secret"):
            values = (
                f" (rendered {_shown(edit.before)}, edited {_shown(edit.after)}, new version {_shown(now)})"
            )
        fixes = {
            EditVerdict.CONFLICT: "put the file back to take the new version's value; or publish the edit as an override "
            "of the request first, and upgrade with --keep-overrides",
            EditVerdict.ORPHANED: "put the file back, since the edited object is gone; or change the request",
        }
        fix = fixes.get(self.verdict) if not same(edit.before, now) else None
        fix = fix or "put the file back, and change the request"
        message = f"{self.verdict.value}: {self.judged.why}{values}; {fix}"
        return Problem(place, f"edit-{self.verdict.name.lower().replace('_', '-')}", message, file=self.file)

    def as_dict(self) -> dict[str, Any]:
        """Plain data; a value that is not there is left out."""
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
    """The Kubernetes objects of some files, given as path and text.

    Raises:
        InputError: a file is not YAML.
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
    there: Mapping[str, TreeEntry],
    lock: Lock,
    new: Objects,
    *,
    rendered: Callable[[str], str | None],
    keys: ListKeys,
) -> tuple[ObjectEdit, ...]:
    """Every edit of a rendered file since the lock was written, with its verdict.

    Args:
        tree: what is there.
        there: the files of the owner, by path.
        lock: its lock: what was rendered.
        new: every object of the new rendering.
        rendered: the text that the old version renders for a path, where the repository does not have it any more.
        keys: finds the keys of lists.
    """
    found: list[ObjectEdit] = []
    changed = {
        path
        for path in {*lock.files, *there}
        if not is_record(path)
        and (lock.files.get(path) != (plain_id(there[path]) if path in there else None))
    }
    texts = tree.texts({path: there[path] for path in changed if path in there})
    for path in sorted(changed):
        base = rendered(path) if path in lock.files else None
        if path in lock.files and base is None:
            why = "this clone lacks the rendered file; `git fetch --unshallow` gets it"
            found.append(_of_file(path, why))
        elif path in there and there[path].mode != FILE_MODE:
            found.append(_of_file(path, "it is a symbolic link or an executable now"))
        else:
            found += edits_in_file(path, base, texts.get(path), new, keys)
    return tuple(found)


def _of_file(path: str, why: str, verdict: EditVerdict = EditVerdict.NOT_SAYABLE) -> ObjectEdit:
    return ObjectEdit(path, JudgedEdit(Edit((), EditAction.WHOLE), verdict, MISSING, why))


def edits_in_file(
    path: str, base: str | None, there: str | None, new: Objects, keys: ListKeys
) -> Iterator[ObjectEdit]:
    """Every edit of one file, with its verdict.

    Args:
        path: the file.
        base: its text as it was rendered; None where nothing was.
        there: its text as it is; None where it was removed.
        new: every object of the new rendering.
        keys: finds the keys of lists.
    """
    if not path.endswith((".yaml", ".yml")):
        if (
            base is not None
            and there is not None
            and base.replace("\r\n", "\n") == there.replace("\r\n", "\n")
        ):
            return
        yield _of_file(path, "it follows from the request: change that, or put the file back")
        return
    try:
        edited = objects_in([(path, there or "")])
        rest_edited = _others(path, there)
    except InputError:
        yield _of_file(path, "it is not YAML any more")
        return
    rendered, rest = objects_in([(path, base or "")]), _others(path, base)
    if not same(rest, rest_edited):
        yield _of_file(path, "it holds something that is not a Kubernetes object, which no override changes")
    for identity in (*rendered, *(each for each in edited if each not in rendered)):
        for judged in _of_object(rendered.get(identity), edited.get(identity), new.get(identity), keys):
            yield ObjectEdit(path, judged, identity)


def _others(path: str, text: str | None) -> list[Any]:
    """The documents of a file that are no Kubernetes objects, such as a kustomization file."""
    documents = kubeyaml.load_all(text or "", name=path)
    return [each for each in documents if each is not None and not is_kubernetes_object(each)]


def _of_object(
    base: dict[str, Any] | None, there: dict[str, Any] | None, new: dict[str, Any] | None, keys: ListKeys
) -> Iterator[JudgedEdit]:
    if base is not None and there is not None:
        yield from judge(base, there, new, keys)
        return
    before, after, now = (MISSING if body is None else body for body in (base, there, new))
    edit = Edit((), EditAction.WHOLE, before, after)
    if same(now, after):
        yield JudgedEdit(edit, EditVerdict.ALREADY_SO, now)
    else:
        why = "no override removes an object" if after is MISSING else "no override adds an object"
        yield JudgedEdit(edit, EditVerdict.NOT_SAYABLE, now, why)
