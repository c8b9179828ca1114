"""Rendering and checking what a change needs, once: the results do not depend on what else the repository holds.

They are remembered for as long as one change is being made, which may be several times, as the branch moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet.bulk_rendering import MANY, PackedRendering, RenderTask, render_many
from goldenpath.fleet.desired_files import DesiredFiles, check_digest, desired_files, version_for
from goldenpath.intake import Parent, Tenants
from goldenpath.repository.input_digests import parent_digest
from goldenpath.repository.lazy_content import PackedContent
from goldenpath.spec.ref import Ref, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.fleet.publish_options import PublishOptions
    from goldenpath.fleet.submitted_request import Submission
    from goldenpath.repository.lock import Lock

    _Key = tuple[FleetContext, Ref, str | None, tuple[str, str] | None, str | None]
    Progress = Callable[[int, int], None]
    """Receives the number done and the total."""

__all__ = ["Renderings", "TenantToRender"]


@dataclass(frozen=True, slots=True)
class TenantToRender:
    """A tenant or workload that is to be rendered.

    ``lock`` is the one that it has. ``parent`` is a workload's tenant, as it will be; without one,
    ``known_tenants`` are the names to suggest. ``is_new`` is false where the repository
    has the request already.
    """

    ref: Ref
    request: Submission
    lock: Lock | None
    parent: Parent | None = None
    known_tenants: tuple[str, ...] = ()
    is_new: bool = True

    @property
    def name(self) -> str:
        """Its name, of a workload with its tenant's."""
        return self.ref.path


class Renderings:
    """What was rendered for one change.

    Args:
        options: whether the newest versions are wanted, and the day against which expiry dates are held.
        progress: receives the number done and the total.
    """

    def __init__(self, options: PublishOptions, progress: Progress) -> None:
        self._options = options
        self._progress = progress
        self._known: dict[_Key, DesiredFiles | InputError] = {}

    def prepare(self, context: FleetContext, works: Sequence[TenantToRender]) -> None:
        """Render many with all processors, so that :meth:`of` has them at hand; a few are left to it."""
        new = [
            work
            for work in works
            if work.request.text is not None
            and work.ref.subject is Subject.TENANT
            and self._key(context, work) not in self._known
        ]
        if len(new) < MANY:
            return
        results = render_many(
            [
                RenderTask(work.request.text, work.request.document, work.request.file, self._pinned(work))
                for work in new
            ],
            context.text,
            library=context.library,
            today=self._options.today,
            progress=self._progress,
        )
        for work, made in zip(new, results, strict=True):
            self._known[self._key(context, work)] = _unpacked(context, work, made)

    def of(self, context: FleetContext, work: TenantToRender) -> DesiredFiles:
        """What the repository should hold for a tenant.

        Raises:
            InputError: its request is not accepted, with every problem; or the pinned version is not there.
            RenderError: a template failed.
        """
        key = self._key(context, work)
        known = self._known.get(key)
        if known is None:
            try:
                known = self._render(context, work)
            except InputError as error:
                known = error
            self._known[key] = known
        if isinstance(known, InputError):
            raise known
        return known

    def _render(self, context: FleetContext, work: TenantToRender) -> DesiredFiles:
        request = work.request
        document = request.document
        if document is None:
            document = kubeyaml.load(request.text or "", name=request.file or work.name, written=True)
        parent = work.parent
        tenants = Tenants.only(parent, work.known_tenants)
        spec = context.parse(document, request.file, tenants=tenants, is_new=work.is_new)
        version = version_for(spec, self._pinned(work))
        desired = desired_files(
            context, spec, request, version=version, today=self._options.today, parent=parent
        )
        check_digest(context, work.lock, desired.lock)
        return desired

    def _key(self, context: FleetContext, work: TenantToRender) -> _Key:
        parent = work.parent
        of_parent = None if parent is None else parent_digest(parent.tenant, parent.version)
        return context, work.ref, work.request.text, self._pinned(work), of_parent

    def _pinned(self, work: TenantToRender) -> tuple[str, str] | None:
        """The golden path and the version to render with: the one asked for, else the one that the lock pins."""
        lock, asked = work.lock, self._options.versions.get(work.ref)
        if lock is None or self._options.upgrade:
            return None
        return lock.golden_path, asked or lock.version


def _unpacked(
    context: FleetContext, work: TenantToRender, made: PackedRendering
) -> DesiredFiles | InputError:
    """What another process rendered; or why it is not accepted."""
    if made.lock is None:
        return InputError(made.problems)
    try:
        check_digest(context, work.lock, made.lock)
    except InputError as error:
        return error
    files = {path: PackedContent(content) for path, content in made.files.items()}
    return DesiredFiles(made.lock, files, made.findings)
