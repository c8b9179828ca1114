"""Plan the upgrade of one owner in one state of the fleet.

Hand edits are the differences between the rendered file in the lock and the present file, field by field. They are
judged against a rendering of the present request and fleet with the new version.
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
from goldenpath.fleet.proposal import as_problem
from goldenpath.fleet.request_lookup import existing, parent_in, request_of, tenants_of
from goldenpath.repository.lazy_content import PlainContent, StoredContent
from goldenpath.repository.object_changes import compare
from goldenpath.spec.ref import Subject
from goldenpath.upgrades.carried_edits import without_ambiguous
from goldenpath.upgrades.changed_objects import changed_objects
from goldenpath.upgrades.existing_overrides import judge_overrides
from goldenpath.upgrades.object_edits import edits_by_hand, objects_in
from goldenpath.upgrades.one_upgrade import OneUpgrade
from goldenpath.upgrades.override_trial import OverrideTrial, errors_of, objects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from goldenpath.fleet.desired_files import DesiredFiles
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.git import TreeEntry
    from goldenpath.intake import Parent
    from goldenpath.manifests import Manifests
    from goldenpath.repository.lock import Lock, Locked
    from goldenpath.repository.object_changes import FileChanges
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.ref import Ref
    from goldenpath.upgrades.carried_edits import Agreement
    from goldenpath.upgrades.existing_overrides import OverrideEdit
    from goldenpath.upgrades.object_edits import ObjectEdit, Objects

__all__ = ["UpgradePlanner", "UpgradeSettings"]

_KEYS: Final = ListKeys()
_TRIAL_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class UpgradeSettings:
    """The version and the options of an upgrade; see :class:`~goldenpath.upgrades.upgrader.Upgrader`."""

    golden_path: str
    version: str
    agreement: Agreement | None = None
    keep_overrides: bool = False
    today: dt.date | None = None
    may_go_back: bool = False


class UpgradePlanner:
    """Plans upgrades in one state of the fleet."""

    def __init__(self, state: FleetState, settings: UpgradeSettings) -> None:
        self._state = state
        self._settings = settings

    def of(self, ref: Ref) -> OneUpgrade:
        """The upgrade of one owner.

        Raises:
            InputError: the fleet has no such owner.
        """
        if ref.subject is Subject.PLATFORM:
            return _PlatformUpgrade(self._state, self._settings, ref).upgrade
        return _RequestUpgrade(self._state, self._settings, ref).upgrade


class _OwnerUpgrade:
    """The common part of the upgrades of tenants, workloads and platforms."""

    def __init__(self, state: FleetState, settings: UpgradeSettings, ref: Ref) -> None:
        self.state = state
        self.settings = settings
        self.ref = ref

    @cached_property
    def present(self) -> Mapping[str, TreeEntry]:
        """The present files of the owner."""
        raise NotImplementedError

    def locked(self) -> Locked:
        raise NotImplementedError

    def rendered(self, version: str) -> DesiredFiles:
        """The rendering of the present request and fleet with a version."""
        raise NotImplementedError

    def plan(self, lock: Lock) -> OneUpgrade:
        """The upgrade from the state in the lock."""
        raise NotImplementedError

    @cached_property
    def upgrade(self) -> OneUpgrade:
        """The upgrade, or an upgrade with the problems that prevent the plan."""
        locked = self.locked()
        lock = locked.lock
        blank = OneUpgrade(
            self.ref, lock.owner if lock else None, lock.version if lock else "", self.settings.version
        )
        if lock is None:
            message = f"{self.ref} has no lock; publish it first"
            return replace(blank, problems=locked.problems or (Problem("", "never-published", message),))
        try:
            self._check_version(lock)
            return self.plan(lock)
        except InputError as error:
            return replace(blank, problems=error.problems)
        except RepositoryError as error:
            return replace(blank, problems=(Problem("", "unreadable", f"{self.ref}: {error}"),))

    def _check_version(self, lock: Lock) -> None:
        if lock.golden_path != self.settings.golden_path:
            message = f"{self.ref} is rendered from {lock.golden_path}; `goldenpath migrate` changes the major version"
            raise InputError.of("", "wrong-golden-path", message)
        if not self.settings.may_go_back and _numbers(lock.version) > _numbers(self.settings.version):
            message = f"{self.ref} has the newer version {lock.version}; `goldenpath upgrade rollback` returns to an older one"
            raise InputError.of("--to", "older-version", message, self.settings.version)

    def old_text(self, lock: Lock, path: str) -> str | None:
        """The text that the last publish rendered: the blob in the lock, or an equal new rendering."""
        blob = lock.files[path]
        try:
            return self.state.tree.reader.blob(blob).decode(errors="replace")
        except RepositoryError:
            pass
        try:
            # The golden path may have changed since; the comparison with the id in the lock below detects that.
            content = self.rendered(lock.version).files.get(path)
        except GoldenpathError:
            return None
        return content.text if content is not None and content.id == blob else None

    def edits(self, lock: Lock, new: Objects) -> tuple[ObjectEdit, ...]:
        """Hand edits, judged against the new rendering."""
        tree, old_text = self.state.tree, lambda path: self.old_text(lock, path)
        return edits_by_hand(tree, self.present, lock, new, rendered=old_text, keys=_KEYS)

    def planned(
        self,
        lock: Lock,
        desired: DesiredFiles,
        plain: DesiredFiles,
        edits: tuple[ObjectEdit, ...],
        **more: Any,
    ) -> OneUpgrade:
        """The upgrade to the desired files; ``plain`` are the desired files without carried edits."""
        changes = self.changes(desired)
        return OneUpgrade(
            self.ref,
            lock.owner,
            lock.version,
            self.settings.version,
            edits=edits,
            changes=changes,
            has_changes=bool(changes),
            version_changes=self.version_changes(lock, plain, edits),
            objects=tuple(changed_objects(changes)),
            fleet_changes=self.fleet_changes(lock, desired.lock.fleet),
            **more,
        )

    def changes(self, desired: DesiredFiles) -> FileChanges:
        """The changes from the present files to the desired ones."""
        stored = {path: StoredContent(self.state.tree.reader, entry) for path, entry in self.present.items()}
        return compare(stored, desired.files)

    def version_changes(
        self, lock: Lock, desired: DesiredFiles, edits: tuple[ObjectEdit, ...]
    ) -> FileChanges | None:
        """The changes between the rendered files of both versions; None without hand edits."""
        if not edits:
            return None
        edited = {edit.file for edit in edits}
        base = {
            path: StoredContent(self.state.tree.reader, entry)
            for path, entry in self.present.items()
            if path not in edited
        }
        rendered = ((path, self.old_text(lock, path)) for path in edited if path in lock.files)
        old = {path: PlainContent(text) for path, text in rendered if text is not None}
        return compare({**base, **old}, desired.files)

    def fleet_changes(self, lock: Lock, fleet: str) -> int:
        """The number of files that change because of the fleet or the request, and not because of the version."""
        if lock.fleet == fleet:
            return 0
        try:
            now = self.rendered(lock.version).lock.files
        except InputError:
            return 0
        return sum(now.get(path) != lock.files.get(path) for path in {*now, *lock.files})


class _PlatformUpgrade(_OwnerUpgrade):
    @cached_property
    def present(self) -> Mapping[str, TreeEntry]:
        return self.state.tree.platform(self.ref.name)

    def locked(self) -> Locked:
        return self.state.tree.platform_lock(self.ref.name)

    def rendered(self, version: str) -> DesiredFiles:
        return desired_platform(self.state.context, self.ref.name, version=version)

    def plan(self, lock: Lock) -> OneUpgrade:
        desired = self.rendered(self.settings.version)
        why = "a platform has no overrides; change goldenpath.yaml, or restore the file"
        edits = tuple(edit.refused(why) for edit in self.edits(lock, objects_of(desired)))
        problems = tuple(map(as_problem, errors_of(desired)))
        return self.planned(lock, desired, desired, edits, problems=problems)


class _RequestUpgrade(_OwnerUpgrade):
    @cached_property
    def owned(self) -> Any:
        return existing(self.state, self.ref)

    @cached_property
    def present(self) -> Mapping[str, TreeEntry]:
        return self.state.tree.files(self.owned)

    def locked(self) -> Locked:
        return self.state.tree.lock(self.owned)

    @cached_property
    def request(self) -> Submission:
        """The present request."""
        path, text = request_of(self.state, self.owned)
        return Submission(kubeyaml.load(text, name=path, written=True), text, path)

    @cached_property
    def parent(self) -> Parent | None:
        """A workload's tenant."""
        return parent_in(self.state, self.ref.tenant) if self.ref.tenant else None

    @cached_property
    def spec(self) -> Envelope:
        """The parsed request."""
        spec: Envelope = self._parse(self.request)
        if spec.golden_path != self.settings.golden_path:
            message = f"is {spec.golden_path}, but the lock has {self.settings.golden_path}; publish the request first"
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
            self.state.context, spec, request, version=version, today=self.settings.today, parent=self.parent
        )

    def plan(self, lock: Lock) -> OneUpgrade:
        plain = desired = self.rendered(self.settings.version)
        new = objects_of(desired)
        edits = without_ambiguous(self.edits(lock, new), new)
        overrides = tuple(self._judged_overrides(lock))
        request = None
        if any(edit.verdict is EditVerdict.CARRIED for edit in edits):
            edits, request, desired = self._carried(lock, edits, desired, new)
        return self.planned(
            lock,
            desired,
            plain,
            edits,
            is_agreed=self.settings.agreement is not None,
            overrides=overrides,
            problems=(*map(as_problem, errors_of(desired)), *self._older_platforms(desired.lock)),
            request=request,
        )

    def _older_platforms(self, lock: Lock) -> Iterator[Problem]:
        """A problem for each cluster whose platform is too old for the new version."""
        needed = self.state.context.library.get(lock.golden_path, version=lock.version).metadata.platform
        for cluster in lock.clusters if needed else ():
            platform = self.state.tree.platform_lock(cluster).lock
            if platform is None or _numbers(platform.version) < _numbers(needed or ""):
                has = platform.version if platform else "no version"
                message = (
                    f"{self.ref}: {lock.exact} needs platform {needed} on {cluster}, which has {has}; "
                    f"upgrade the platform first: goldenpath upgrade platform/v1 {cluster}"
                )
                yield Problem("", "older-platform", message)

    def _judged_overrides(self, lock: Lock) -> Iterator[OverrideEdit]:
        """The request's existing overrides, judged against the new version."""
        overrides = self.spec.overrides
        if not overrides or lock.version == self.settings.version:
            return
        plain = self.spec.model_copy(update={"overrides": ()})
        pipeline = self.state.context.pipeline

        def objects(version: str) -> Objects:
            manifests: Manifests = pipeline.render(plain, version=version, parent=self.parent)
            return objects_in((file.path, file.text) for file in manifests.files)

        yield from judge_overrides(
            overrides,
            objects(lock.version),
            objects(self.settings.version),
            _KEYS,
            keep=self.settings.keep_overrides,
        )

    def _carried(
        self, lock: Lock, edits: tuple[ObjectEdit, ...], desired: DesiredFiles, new: Objects
    ) -> tuple[tuple[ObjectEdit, ...], Submission | None, DesiredFiles]:
        """Add the edits as overrides to the request. An edit becomes a conflict if the checks refuse its override."""
        trial = OverrideTrial(
            self.request,
            lambda request: self._render(self._parse(request), request, self.settings.version),
            self._agreement(lock),
        )
        return trial.carried(edits, desired, new)

    def _agreement(self, lock: Lock) -> dict[str, Any]:
        if self.settings.agreement is not None:
            return self.settings.agreement.as_dict()
        # Placeholder values, to find out whether the checks accept the overrides.
        today = self.settings.today or dt.datetime.now(dt.UTC).date()
        return {
            "reason": "Edited by hand",
            "approved_by": lock.owner or "platform-team",
            "expires": (today + dt.timedelta(days=_TRIAL_DAYS)).isoformat(),
        }


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
