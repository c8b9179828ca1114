"""Render and check the requests of one change, each once.

The results do not depend on other files of the repository. They are cached for the change, which is computed again each
time that the branch moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    """A tenant or workload to render.

    ``lock`` is its present lock. ``parent`` is a workload's tenant after the change; without one, ``known_tenants`` are
    the names to suggest. ``is_new`` is false if the request is in the repository already.
    """

    ref: Ref
    request: Submission
    lock: Lock | None
    parent: Parent | None = None
    known_tenants: tuple[str, ...] = ()
    is_new: bool = True

    @property
    def document(self) -> Any:
        """The parsed request.

        Raises:
            InputError: the text is not valid YAML.
        """
        request = self.request
        if request.document is not None:
            return request.document
        return kubeyaml.load(request.text or "", name=request.file or self.ref.path, written=True)


class Renderings:
    """Renders for one change, and caches the results.

    Args:
        options: whether to use the newest versions, and the day to compare expiry dates with.
        progress: receives the number done and the total.
    """

    def __init__(self, options: PublishOptions, progress: Progress) -> None:
        self._options = options
        self._progress = progress
        self._known: dict[_Key, DesiredFiles | InputError] = {}

    def prepare(self, context: FleetContext, works: Sequence[TenantToRender]) -> None:
        """Render many tenants on all processors, for later calls of :meth:`of`. Do nothing for a few."""
        new = [
            work
            for work in works
            if work.request.text is not None
            and work.ref.subject is Subject.TENANT
            and self._key(context, work) not in self._known
        ]
        if len(new) < MANY:
            return
        requests = ((work.request, self._pinned(work)) for work in new)
        results = render_many(
            [RenderTask(each.text, each.document, each.file, pinned) for each, pinned in requests],
            context.text,
            library=context.library,
            today=self._options.today,
            progress=self._progress,
        )
        for work, packed in zip(new, results, strict=True):
            self._known[self._key(context, work)] = _unpacked(context, work, packed)

    def of(self, context: FleetContext, work: TenantToRender) -> DesiredFiles:
        """The desired files of a tenant or workload.

        Raises:
            InputError: with every problem of its request; or the library lacks the pinned version.
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
        tenants = Tenants.only(work.parent, work.known_tenants)
        spec = context.parse(work.document, work.request.file, tenants=tenants, is_new=work.is_new)
        version = version_for(spec, self._pinned(work))
        desired = desired_files(
            context, spec, work.request, version=version, today=self._options.today, parent=work.parent
        )
        check_digest(context, work.lock, desired.lock)
        return desired

    def _key(self, context: FleetContext, work: TenantToRender) -> _Key:
        parent = work.parent
        of_parent = None if parent is None else parent_digest(parent.tenant, parent.version)
        return context, work.ref, work.request.text, self._pinned(work), of_parent

    def _pinned(self, work: TenantToRender) -> tuple[str, str] | None:
        """Golden path and version to render with: the version in the options, else the one in the lock."""
        if work.lock is None or self._options.upgrade:
            return None
        return work.lock.golden_path, self._options.versions.get(work.ref) or work.lock.version


def _unpacked(
    context: FleetContext, work: TenantToRender, packed: PackedRendering
) -> DesiredFiles | InputError:
    """The result of another process: the desired files, or the problems of the request."""
    if packed.lock is None:
        return InputError(packed.problems)
    try:
        check_digest(context, work.lock, packed.lock)
    except InputError as error:
        return error
    files = {path: PackedContent(content) for path, content in packed.files.items()}
    return DesiredFiles(packed.lock, files, packed.findings)
