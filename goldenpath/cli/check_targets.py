"""Checking whatever a person names: requests, fleets, objects, or folders of all of these.

One :class:`Examination` holds what came out; how it is shown is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from goldenpath.check import check_fleet, check_objects
from goldenpath.cli.input_files import STDIN, DocumentKind, SourceFile, kind_of, read_source, yaml_files
from goldenpath.cli.unfinished_files import has_variables, kustomization_of
from goldenpath.errors import InputError, Problem
from goldenpath.findings import Finding, Severity
from goldenpath.kubeyaml.positions import Positions
from goldenpath.manifests import ManifestObject, is_kubernetes_object, opened
from goldenpath.pipeline import Pipeline, load_fleet, parent_of, parse
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parse import parse_fleet
from goldenpath.spec.ref import Subject
from goldenpath.spec.tenant import Tenant
from goldenpath.tenant_requests import tenants_beside

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from goldenpath.check import Schemas
    from goldenpath.paths import Library
    from goldenpath.pipeline import Tenants
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.tenancy import Tenancy

__all__ = ["Examination", "Located", "examine", "gather"]

WORST_FIRST: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Located:
    """A finding, with the file that a person would open to act on it and the line there, where it is known."""

    source: str
    line: int | None
    finding: Finding


@dataclass(slots=True)
class Examination:
    """What was looked at, what was refused, and what was found."""

    looked_at: Counter[DocumentKind] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    findings: list[Located] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """2 where an input was refused, 1 where a finding is an error, else 0."""
        if self.problems:
            return 2
        return int(any(located.finding.severity is Severity.ERROR for located in self.findings))


@dataclass(frozen=True)
class Named:
    """A file to look at, and whether the person named it; else it is one of a folder's."""

    source: SourceFile
    folder: Path | None

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.source.text.removeprefix("\ufeff"))

    @property
    def cluster(self) -> str | None:
        """The cluster whose folder of a fleet repository the file is in, if any."""
        if self.folder is None:
            return None
        steps = Path(self.source.name).parts[:-1]
        return next((after for step, after in itertools.pairwise(steps) if step == "clusters"), None)


def gather(names: Iterable[str], examination: Examination) -> Iterator[Named]:
    """Read what is named; what cannot be read is noted among the problems."""
    for name in names:
        folder = Path(name) if name != STDIN and Path(name).is_dir() else None
        for file in (name,) if folder is None else yaml_files(folder):
            try:
                yield Named(read_source(file), folder)
            except InputError as error:
                examination.problems += error.problems


def examine(
    files: Iterable[Named],
    examination: Examination,
    *,
    fleet_file: Path | None,
    library: Library,
    cluster: str | None,
    today: dt.date,
    schemas: Schemas | None = None,
) -> None:
    """Check each file; findings and problems are added to the examination.

    Args:
        files: what to look at.
        examination: takes what comes out.
        fleet_file: the fleet that requests are held against; only needed where there is a request.
        library: the golden paths.
        cluster: only this cluster.
        today: the day against which expiry dates are held.
        schemas: by which objects are checked; what ships where none are given.

    """
    examiner = _Examiner(examination, library, cluster, today, schemas)
    every = list(files)
    if fleet_file is not None:
        examiner.take_fleet(fleet_file, every)
    for named in every:
        examiner.take(named)
    examiner.finish()
    if not examination.looked_at and not examination.problems:
        # A job with a wrong path must not pass for one that found nothing.
        message = "there is nothing to check: no file that was named holds a YAML document"
        examination.problems.append(Problem("", "nothing-to-check", message))
    examination.findings.sort(
        key=lambda located: (located.source, WORST_FIRST[located.finding.severity], located.finding)
    )


class Place(NamedTuple):
    """Where an object stands: in a document of a file, and in the List that the document is."""

    named: Named
    document: int
    path: str


class _Examiner:
    """Takes files one by one; findings across all files come at the end."""

    def __init__(
        self,
        examination: Examination,
        library: Library,
        cluster: str | None,
        today: dt.date,
        schemas: Schemas | None,
    ) -> None:
        self._out = examination
        self._library = library
        self._cluster = cluster
        self._today = today
        self._schemas = schemas
        self._pipeline: Pipeline | None = None
        self._tenants: Tenants | None = None
        self._tenancies: list[Tenancy] = []
        self._requests: dict[str, Named] = {}
        self._objects: defaultdict[tuple[Path | None, str | None], list[tuple[ManifestObject, Place]]] = (
            defaultdict(list)
        )

    def take_fleet(self, file: Path, files: Iterable[Named]) -> None:
        """Read the fleet for the requests, and the tenants for the workloads among the files."""
        try:
            fleet = load_fleet(file)
        except InputError as error:
            self._out.problems += error.problems
            return
        if self._cluster is not None and self._cluster not in fleet.clusters:
            near = nearest(self._cluster, fleet.clusters)
            message = f"the fleet has {', '.join(fleet.clusters)}"
            self._out.problems.append(Problem("--cluster", "unknown-cluster", message, self._cluster, near))
            return
        self._pipeline = Pipeline(fleet, library=self._library, schemas=self._schemas)
        self._tenants = tenants_beside(file, fleet, self._library, self._among(files, fleet))

    def _among(self, files: Iterable[Named], fleet: FleetSpec) -> dict[str, Tenant]:
        """The tenants that are checked together with their workloads, which may not be published yet."""
        documents = [document for named in files for document in named.source.documents]
        if not any(isinstance(document, dict) and "tenant" in document for document in documents):
            return {}
        found = {}
        for document in documents:
            if kind_of(document) is DocumentKind.REQUEST and "tenant" not in document:
                with contextlib.suppress(InputError):
                    request = parse(document, fleet=fleet, library=self._library)
                    if isinstance(request, Tenant):
                        found[request.name] = request
        return found

    def take(self, named: Named) -> None:
        """Look at one file."""
        for index, document in enumerate(named.source.documents):
            kind = kind_of(document)
            self._out.looked_at[kind] += 1
            try:
                match kind:
                    case DocumentKind.REQUEST:
                        self._request(named, document)
                    case DocumentKind.FLEET:
                        self._fleet(named, document)
                    case DocumentKind.OBJECT:
                        self._object(named, document, index)
                    case DocumentKind.OTHER if named.folder is None:
                        message = "is neither a request (`golden_path`), a fleet (`format: fleet/v1`) nor a Kubernetes object"
                        raise InputError([Problem("", "not-an-object", message)])  # noqa: TRY301 - reported like all others
                    case DocumentKind.OTHER:
                        self._add(named, _not_an_object(named), index)
            except InputError as error:
                self._out.problems += (problem.in_file(named.source.name) for problem in error.problems)

    def _object(self, named: Named, document: dict[str, Any], index: int) -> None:
        file = Path(named.source.name)
        build_file = kustomization_of(file) if named.source.name != STDIN and file.is_file() else None
        if build_file is not None:
            self._add(named, _built_by_kustomize(named, build_file), index)
            return
        for place, body in opened(document):
            if is_kubernetes_object(body):
                item = ManifestObject(named.source.name, body)
                self._objects[named.folder, named.cluster].append((item, Place(named, index, place)))
                if has_variables(body):
                    self._add(named, _has_variables(item), index, place)
            else:
                self._add(named, _not_an_object(named), index, place)

    def finish(self) -> None:
        """Tell what only shows when everything is known."""
        for (_, cluster), entries in self._objects.items():
            if self._cluster in (None, cluster) or cluster is None:
                self._found_objects(entries)
        for finding in check_fleet(self._tenancies):
            tenant = finding.object.split(" ")[1]  # "Tenant vision on eu-central"
            self._add(self._requests[tenant], finding, 0)

    def _request(self, named: Named, document: Any) -> None:
        if self._pipeline is None:
            return  # the fleet itself was refused, and that has been said
        request = parse(
            document,
            fleet=self._pipeline.fleet,
            library=self._library,
            tenants=self._tenants,
            file=named.source.name,
        )
        parent = parent_of(request, self._tenants) if self._tenants is not None else None
        clusters = [each.cluster_name for each in self._pipeline.resolve(request, parent=parent)]
        if named.folder is not None and self._cluster not in (None, *clusters):
            return  # one of a folder's requests, and none for the cluster that was asked for
        rendered = self._pipeline.run(request, cluster=self._cluster, today=self._today, parent=parent)
        self._add_all(named, rendered.findings)
        self._tenancies += (
            part.resolved for part in rendered.parts if part.resolved.ref.subject is Subject.TENANT
        )
        self._requests[request.name] = named

    def _fleet(self, named: Named, document: Any) -> None:
        fleet = parse_fleet(document, file=named.source.name)
        pipeline = Pipeline(fleet, library=self._library, schemas=self._schemas)
        for cluster in (self._cluster,) if self._cluster else pipeline.platforms:
            self._add_all(named, pipeline.check(pipeline.fleet, cluster=cluster))

    def _found_objects(self, entries: list[tuple[ManifestObject, Place]]) -> None:
        places = {(item.file, str(item)): place for item, place in entries}
        unfinished = {(item.file, str(item)) for item, _ in entries if has_variables(item.body)}
        for finding in check_objects([item for item, _ in entries], schemas=self._schemas):
            of_object = (finding.file, finding.object)
            if of_object in unfinished and finding.rule != "schema/unknown-field":
                continue  # a variable may be what is wrong; a field that no kind has stays wrong
            named, index, place = places.get(of_object) or Place(entries[0][1].named, 0, "")
            self._add(named, finding, index, place)

    def _add_all(self, named: Named, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._add(named, finding, 0)

    def _add(self, named: Named, finding: Finding, index: int, place: str = "") -> None:
        # A rendered manifest is not what a person edits: its finding leads to the request's first line.
        is_there = finding.file in ("", named.source.name)
        field = ".".join(part for part in (place, finding.field) if part)
        line = named.positions.line_of(field if is_there else "", document=index)
        self._out.findings.append(Located(named.source.name, line, finding))


def _built_by_kustomize(named: Named, build_file: Path) -> Finding:
    return Finding(
        file=named.source.name,
        object="",
        field="",
        rule="not-final/kustomize",
        severity=Severity.NOTE,
        message=f"kustomize changes this file before it is applied ({os.path.relpath(build_file)}), so it was not checked as a final object.",
        fix=f"Check what it becomes: kustomize build {os.path.relpath(build_file.parent)} | goldenpath check -",
    )


def _has_variables(item: ManifestObject) -> Finding:
    return Finding(
        file=item.file,
        object=str(item),
        field="",
        rule="not-final/variables",
        severity=Severity.NOTE,
        message="a variable ${…} is filled in before this is applied, so only the names of its fields were checked.",
        fix="Check what it becomes, with the values filled in.",
    )


def _not_an_object(named: Named) -> Finding:
    applied = named.cluster is not None
    consequence = "Flux would stop at it" if applied else "so nothing can be said about it"
    return Finding(
        file=named.source.name,
        object="",
        field="",
        rule="not-an-object",
        severity=Severity.ERROR if applied else Severity.WARNING,
        message=f"This is no request, no fleet and no Kubernetes object: {consequence}.",
        fix="Give it apiVersion and kind, or `golden_path`; or keep it elsewhere.",
    )
