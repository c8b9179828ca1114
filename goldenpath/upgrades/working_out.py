"""The upgrade of one owner, worked out on one state of the fleet.

The base is the blob that the lock names, the new rendering is of today's request and fleet, and hand edits are fields
between the two.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.edits import EditVerdict, ListKeys
from goldenpath.errors import GoldenpathError, InputError, Problem, RepositoryError
from goldenpath.fleet import Submission
from goldenpath.fleet.desired_files import desired_files, desired_platform
from goldenpath.fleet.request_lookup import existing, parent_in, request_of, tenants_of
from goldenpath.repository.lazy_content import PlainContent, StoredContent
from goldenpath.repository.object_changes import compare
from goldenpath.spec.ref import Subject
from goldenpath.upgrades.carrying import without_ambiguous
from goldenpath.upgrades.carrying_trial import CarryingTrial, errors_of, objects_of
from goldenpath.upgrades.changed_objects import changed_objects
from goldenpath.upgrades.object_edits import edits_by_hand, objects_in
from goldenpath.upgrades.one_upgrade import OneUpgrade
from goldenpath.upgrades.standing_overrides import judge_overrides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.fleet.desired_files import DesiredFiles
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import TreeEntry
    from goldenpath.intake import Parent
    from goldenpath.manifests import Manifests
    from goldenpath.repository.lock import Lock
    from goldenpath.repository.object_changes import FileChanges
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.ref import Ref
    from goldenpath.upgrades.carrying import Agreement
    from goldenpath.upgrades.object_edits import ObjectEdit, Objects
    from goldenpath.upgrades.standing_overrides import StandingEdit

__all__ = ["UpgradeTerms", "WorkingOut"]

_KEYS: Final = ListKeys()
_TRIAL_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class UpgradeTerms:
    """What an upgrade is asked to do; see :class:`~goldenpath.upgrades.upgrading.Upgrader`."""

    golden_path: str
    version: str
    agreement: Agreement | None = None
    keep_overrides: bool = False
    today: dt.date | None = None
    may_go_back: bool = False


class WorkingOut:
    """Works out upgrades on one state of the fleet."""

    def __init__(self, state: FleetState, terms: UpgradeTerms) -> None:
        self._state = state
        self._terms = terms

    def of(self, ref: Ref) -> OneUpgrade:
        """The upgrade of one owner.

        Raises:
            InputError: the fleet has no such owner.
        """
        if ref.subject is Subject.PLATFORM:
            return _OfPlatform(self._state, self._terms, ref).upgrade
        return _OfRequest(self._state, self._terms, ref).upgrade


class _One:
    """What the upgrades of tenants, workloads and platforms have in common."""

    def __init__(self, state: FleetState, terms: UpgradeTerms, ref: Ref) -> None:
        self.state = state
        self.terms = terms
        self.ref = ref

    @cached_property
    def there(self) -> Mapping[str, TreeEntry]:
        """The files of the owner."""
        raise NotImplementedError

    def locked(self) -> tuple[Lock | None, tuple[Problem, ...]]:
        """Its lock."""
        raise NotImplementedError

    def rendered(self, version: str) -> DesiredFiles:
        """What today's request and fleet render to with a version."""
        raise NotImplementedError

    def work_out(self, lock: Lock) -> OneUpgrade:
        """The upgrade from what the lock says."""
        raise NotImplementedError

    @cached_property
    def upgrade(self) -> OneUpgrade:
        """The upgrade; one that cannot be worked out has problems that say why."""
        lock, problems = self.locked()
        blank = OneUpgrade(
            self.ref, lock.owner if lock else None, lock.version if lock else "", self.terms.version
        )
        if lock is None:
            message = f"{self.ref} has no lock: publish it first"
            return replace(blank, problems=problems or (Problem("", "never-published", message),))
        try:
            self._check_version(lock)
            return self.work_out(lock)
        except InputError as error:
            return replace(blank, problems=error.problems)
        except RepositoryError as error:
            return replace(blank, problems=(Problem("", "unreadable", f"{self.ref}: {error}"),))

    def _check_version(self, lock: Lock) -> None:
        if lock.golden_path != self.terms.golden_path:
            message = f"{self.ref} is rendered from {lock.golden_path}; `goldenpath migrate` changes the major version"
            raise InputError.of("", "wrong-golden-path", message)
        if not self.terms.may_go_back and _numbers(lock.version) > _numbers(self.terms.version):
            message = f"{self.ref} has {lock.version} already; `goldenpath upgrade rollback` goes back to an older version"
            raise InputError.of("--to", "older-version", message, self.terms.version)

    def old_text(self, lock: Lock, path: str) -> str | None:
        """What was rendered at a path: the blob that the lock names, or the same rendered anew."""
        blob = lock.files[path]
        try:
            return self.state.tree.reader.blob(blob).decode(errors="replace")
        except RepositoryError:
            pass
        try:
            # Held to the lock by its own id below, whatever became of the golden path since.
            content = self.rendered(lock.version).files.get(path)
        except GoldenpathError:
            return None
        return content.text if content is not None and content.id == blob else None

    def edits(self, lock: Lock, new: Objects) -> tuple[ObjectEdit, ...]:
        """Hand edits, judged against the new rendering."""
        return edits_by_hand(
            self.state.tree,
            self.there,
            lock,
            new,
            rendered=lambda path: self.old_text(lock, path),
            keys=_KEYS,
        )

    def changes(self, desired: DesiredFiles) -> FileChanges:
        """What makes what is desired out of what is there."""
        stored = {path: StoredContent(self.state.tree.reader, entry) for path, entry in self.there.items()}
        return compare(stored, desired.files)

    def version_changes(
        self, lock: Lock, desired: DesiredFiles, edits: tuple[ObjectEdit, ...]
    ) -> FileChanges | None:
        """What the new version changes in what was rendered; None where nothing was edited."""
        if not edits:
            return None
        edited = {edit.file for edit in edits}
        base = {
            path: StoredContent(self.state.tree.reader, entry)
            for path, entry in self.there.items()
            if path not in edited
        }
        rendered = ((path, self.old_text(lock, path)) for path in edited if path in lock.files)
        old = {path: PlainContent(text) for path, text in rendered if text is not None}
        return compare({**base, **old}, desired.files)

    def fleet_changes(self, lock: Lock, fleet: str) -> int:
        """How many files change since the fleet or the request changed, and not the version."""
        if lock.fleet == fleet:
            return 0
        try:
            now = self.rendered(lock.version).lock.files
        except InputError:
            return 0
        return sum(now.get(path) != lock.files.get(path) for path in {*now, *lock.files})


class _OfPlatform(_One):
    @cached_property
    def there(self) -> Mapping[str, TreeEntry]:
        return self.state.tree.platform(self.ref.name)

    def locked(self) -> tuple[Lock | None, tuple[Problem, ...]]:
        locked = self.state.tree.platform_lock(self.ref.name)
        return locked.lock, locked.problems

    def rendered(self, version: str) -> DesiredFiles:
        return desired_platform(self.state.context, self.ref.name, version=version)

    def work_out(self, lock: Lock) -> OneUpgrade:
        desired = self.rendered(self.terms.version)
        new = objects_of(desired)
        plain, edits = desired, tuple(map(_not_of_a_platform, self.edits(lock, new)))
        changes = self.changes(desired)
        return OneUpgrade(
            self.ref,
            lock.owner,
            lock.version,
            self.terms.version,
            edits=edits,
            problems=tuple(map(_as_problem, errors_of(desired))),
            changes=changes,
            has_changes=bool(changes),
            version_changes=self.version_changes(lock, plain, edits),
            objects=tuple(changed_objects(changes)),
            fleet_changes=self.fleet_changes(lock, desired.lock.fleet),
        )


class _OfRequest(_One):
    @cached_property
    def owned(self) -> Any:
        return existing(self.state, self.ref)

    @cached_property
    def there(self) -> Mapping[str, TreeEntry]:
        return self.state.tree.files(self.owned)

    def locked(self) -> tuple[Lock | None, tuple[Problem, ...]]:
        locked = self.state.tree.lock(self.owned)
        return locked.lock, locked.problems

    @cached_property
    def request(self) -> Submission:
        """The request as it is."""
        path, text = request_of(self.state, self.owned)
        return Submission(kubeyaml.load(text, name=path, written=True), text, path)

    @cached_property
    def parent(self) -> Parent | None:
        """A workload's tenant."""
        return parent_in(self.state, self.ref.tenant) if self.ref.tenant else None

    @cached_property
    def spec(self) -> Envelope:
        """The request, parsed."""
        spec: Envelope = self._parse(self.request)
        if spec.golden_path != self.terms.golden_path:
            message = f"is {spec.golden_path}, and the lock says {self.terms.golden_path}: publish the request first"
            raise InputError.of("golden_path", "wrong-golden-path", message, file=self.request.file)
        return spec

    def _parse(self, request: Submission) -> Any:
        return self.state.context.parse(
            request.document, request.file, tenants=tenants_of(self.state), is_new=False
        )

    def rendered(self, version: str) -> DesiredFiles:
        return self._render(self.spec, self.request, version)

    def _render(self, spec: Envelope, request: Submission, version: str) -> DesiredFiles:
        return desired_files(
            self.state.context, spec, request, version=version, today=self.terms.today, parent=self.parent
        )

    def work_out(self, lock: Lock) -> OneUpgrade:
        desired = self.rendered(self.terms.version)
        new = objects_of(desired)
        edits = without_ambiguous(self.edits(lock, new), new)
        overrides = tuple(self._standing(lock))
        plain, request = desired, None
        if any(edit.verdict is EditVerdict.CARRIED for edit in edits):
            edits, request, desired = self._carried(lock, edits, desired, new)
        changes = self.changes(desired)
        return OneUpgrade(
            self.ref,
            lock.owner,
            lock.version,
            self.terms.version,
            is_agreed=self.terms.agreement is not None,
            edits=edits,
            overrides=overrides,
            problems=(*map(_as_problem, errors_of(desired)), *self._older_platforms(desired.lock)),
            request=request,
            changes=changes,
            has_changes=bool(changes),
            version_changes=self.version_changes(lock, plain, edits),
            objects=tuple(changed_objects(changes)),
            fleet_changes=self.fleet_changes(lock, desired.lock.fleet),
        )

    def _older_platforms(self, lock: Lock) -> Iterator[Problem]:
        """Clusters whose platform is older than the new version needs."""
        needed = self.state.context.library.get(lock.golden_path, version=lock.version).metadata.platform
        for cluster in lock.clusters if needed else ():
            there = self.state.tree.platform_lock(cluster).lock
            if there is None or _numbers(there.version) < _numbers(needed or ""):
                has = there.version if there else "no version"
                message = (
                    f"{self.ref}: {lock.exact} needs platform {needed} on {cluster}, which has {has}; "
                    f"upgrade the platform first: goldenpath upgrade platform/v1 {cluster}"
                )
                yield Problem("", "older-platform", message)

    def _standing(self, lock: Lock) -> Iterator[StandingEdit]:
        """What the request's own overrides do on the new version."""
        overrides = self.spec.overrides
        if not overrides or lock.version == self.terms.version:
            return
        plain = self.spec.model_copy(update={"overrides": ()})
        pipeline = self.state.context.pipeline

        def objects(version: str) -> Objects:
            made: Manifests = pipeline.render(plain, version=version, parent=self.parent)
            return objects_in((file.path, file.text) for file in made.files)

        yield from judge_overrides(
            overrides,
            objects(lock.version),
            objects(self.terms.version),
            _KEYS,
            keep=self.terms.keep_overrides,
        )

    def _carried(
        self, lock: Lock, edits: tuple[ObjectEdit, ...], desired: DesiredFiles, new: Objects
    ) -> tuple[tuple[ObjectEdit, ...], Submission | None, DesiredFiles]:
        """The edits as overrides of the request; an edit whose override fails a check is a conflict."""
        trial = CarryingTrial(
            self.request,
            lambda request: self._render(self._parse(request), request, self.terms.version),
            self._agreement(lock),
        )
        return trial.carried(edits, desired, new)

    def _agreement(self, lock: Lock) -> dict[str, Any]:
        if self.terms.agreement is not None:
            return self.terms.agreement.as_dict()
        # Only to see whether the checks would take the overrides.
        today = self.terms.today or dt.datetime.now(dt.UTC).date()
        return {
            "reason": "Edited by hand",
            "approved_by": lock.owner or "platform-team",
            "expires": (today + dt.timedelta(days=_TRIAL_DAYS)).isoformat(),
        }


def _not_of_a_platform(edit: ObjectEdit) -> ObjectEdit:
    return edit.refused("a platform has no overrides: change goldenpath.yaml, or put the file back")


def _as_problem(finding: Any) -> Problem:
    about = " ".join(part for part in (finding.object, finding.field) if part)
    message = f"{finding.message.rstrip('.')}. {finding.fix.rstrip('.')}"
    return Problem(about, finding.rule, message, file=finding.file or None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
