"""Checking whatever a person names: requests, fleets, objects, or folders of all of these.

One :class:`Examination` holds what came out; how it is shown is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from goldenpath.check import check_fleet, check_schema, check_together
from goldenpath.cli.fleet_place import FleetPlace
from goldenpath.cli.input_files import DocumentKind
from goldenpath.cli.object_spool import ObjectSpool, ObjectStore, SpooledObject
from goldenpath.cli.unfinished_files import Kustomizations
from goldenpath.cli.unfinished_objects import holds_anyway, not_final, patch_beside
from goldenpath.errors import InputError, Problem
from goldenpath.findings import Finding, Severity
from goldenpath.kubeyaml.positions import Positions
from goldenpath.library_sources import library_for
from goldenpath.manifests import ManifestObject, is_kubernetes_object, opened
from goldenpath.pipeline import Pipeline, load_fleet, parent_of, parse
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parse import parse_fleet
from goldenpath.spec.ref import Subject
from goldenpath.spec.tenant import Tenant
from goldenpath.tenant_requests import tenants_beside

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from goldenpath.check import Schemas
    from goldenpath.cli.check_inputs import InputDocument, Named
    from goldenpath.cli.mounted_models import MountedModels
    from goldenpath.paths import Library
    from goldenpath.pipeline import Tenants
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.tenancy import Tenancy

__all__ = ["Examination", "Located", "examine"]

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

    def arrange(self) -> None:
        """Bring the findings into their order: by file, the worst first."""
        self.findings.sort(
            key=lambda located: (located.source, WORST_FIRST[located.finding.severity], located.finding)
        )


def examine(
    files: Sequence[Named],
    examination: Examination,
    *,
    fleet_file: Path | None,
    library: Library,
    cluster: str | None,
    today: dt.date,
    schemas: Schemas | None = None,
    models: MountedModels | None = None,
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
        models: takes what Pods mount, of objects and of what requests are rendered to.

    """
    with ObjectStore() as store:
        examiner = _Examiner(
            examination, store, library=library, cluster=cluster, today=today, schemas=schemas, models=models
        )
        if fleet_file is not None:
            examiner.take_fleet(fleet_file, files)
        examiner.take_build_files(files)
        for named in files:
            examiner.take(named)
        examiner.finish()
    if not examination.looked_at and not examination.problems:
        # A job with a wrong path must not pass for one that found nothing.
        message = "there is nothing to check: no file that was named holds a YAML document"
        examination.problems.append(Problem("", "nothing-to-check", message))
    examination.arrange()


class _Examiner:
    """Takes files one by one; findings across all files come at the end."""

    def __init__(
        self,
        examination: Examination,
        store: ObjectStore,
        *,
        library: Library,
        cluster: str | None,
        today: dt.date,
        schemas: Schemas | None,
        models: MountedModels | None,
    ) -> None:
        self._out = examination
        self._models = models
        self._library = library
        self._cluster = cluster
        self._today = today
        self._schemas = schemas
        self._pipeline: Pipeline | None = None
        self._fleet_place: FleetPlace | None = None
        self._of_clusters: set[Finding] = set()
        self._tenants: Tenants | None = None
        self._tenancies: list[Tenancy] = []
        self._requests: dict[str, InputDocument] = {}
        self._files: list[Named] = []
        self._kustomizations = Kustomizations(())
        self._objects: defaultdict[tuple[Path | None, str | None], ObjectSpool] = defaultdict(
            lambda: ObjectSpool(store)
        )

    def take_fleet(self, file: Path, files: Iterable[Named]) -> None:
        """Read the fleet for the requests, and the tenants for the workloads among the files."""
        try:
            fleet = load_fleet(file)
        except InputError as error:
            place = os.path.realpath(file)
            # Where the fleet is one of the files, its problems are shown with them.
            if all(os.path.realpath(named.name) != place for named in files):
                self._out.problems += error.problems
            return
        if self._cluster is not None and self._cluster not in fleet.clusters:
            near = nearest(self._cluster, fleet.clusters)
            message = f"the fleet has {', '.join(fleet.clusters)}"
            self._out.problems.append(Problem("--cluster", "unknown-cluster", message, self._cluster, near))
            return
        self._library = library_for(fleet, self._library)
        self._fleet_place = FleetPlace(file, files)
        self._pipeline = Pipeline(fleet, library=self._library, schemas=self._schemas)
        self._tenants = tenants_beside(file, fleet, self._library, self._among(files, fleet))

    def _among(self, files: Iterable[Named], fleet: FleetSpec) -> dict[str, Tenant]:
        """The tenants that are checked together with their workloads, which may not be published yet."""
        requests = [
            document.value
            for named in files
            if named.has_requests
            for document in named.documents()
            if document.kind is DocumentKind.REQUEST
        ]
        if not any("tenant" in request for request in requests):
            return {}
        found = {}
        for request in requests:
            if "tenant" not in request:
                with contextlib.suppress(InputError):
                    parsed = parse(request, fleet=fleet, library=self._library)
                    if isinstance(parsed, Tenant):
                        found[parsed.name] = parsed
        return found

    def take_build_files(self, files: Iterable[Named]) -> None:
        """Learn from the build files among them which files kustomize changes."""
        self._kustomizations = Kustomizations(named.path for named in files if named.path is not None)

    def take(self, named: Named) -> None:
        """Look at one file."""
        self._files.append(named)
        try:
            for document in named.documents():
                self._take(named, document)
        except InputError as error:  # the file is not what it was
            self._out.problems += error.problems

    def _take(self, named: Named, document: InputDocument) -> None:
        if document.refused is not None:
            self._refuse(document.refused, named)
            return
        self._out.looked_at[document.kind] += 1
        try:
            match document.kind:
                case DocumentKind.REQUEST:
                    self._request(named, document)
                case DocumentKind.FLEET:
                    self._fleet(named, document)
                case DocumentKind.OBJECT:
                    self._object(named, document)
                case DocumentKind.OTHER if named.path is not None and self._kustomizations.reads(named.path):
                    pass  # a build file, a JSON patch, or what a generator puts into a ConfigMap
                case DocumentKind.OTHER if named.folder is None:
                    message = "is neither a request (`golden_path`), a fleet (`format: fleet/v1`) nor a Kubernetes object"
                    raise InputError([Problem("", "not-an-object", message)])  # noqa: TRY301 - reported like all others
                case DocumentKind.OTHER:
                    self._add(document, _not_an_object(named))
        except InputError as error:
            self._refuse(error, named)

    def _refuse(self, error: InputError, named: Named) -> None:
        self._out.problems += (problem.in_file(named.name) for problem in error.problems)

    def _object(self, named: Named, document: InputDocument) -> None:
        build_file = self._kustomizations.changing(named.path) if named.path is not None else None
        for place, body in opened(document.value):
            path = ".".join(part for part in (document.path, place) if part)
            if not is_kubernetes_object(body):
                self._add(document, _not_an_object(named), path)
                continue
            item = ManifestObject(named.name, body)
            found = list(check_schema([item], self._schemas))
            note = not_final(item, build_file) or patch_beside(named.path, item, found)
            if note is not None:
                self._add(document, note, path)
                found = [finding for finding in found if build_file is None and holds_anyway(finding)]
            for finding in found:
                self._add(document, finding, path)
            if self._models is not None and self._cluster in (None, named.cluster):
                self._models.take(named.name, item, document.line_of, is_final=note is None)
            if build_file is None:
                number = len(self._files) - 1
                self._objects[named.folder, named.cluster].add(
                    SpooledObject(
                        named.name, number, document.part, path, document.line, note is not None, body
                    )
                )

    def finish(self) -> None:
        """Tell what only shows when everything is known."""
        for (_, cluster), entries in self._objects.items():
            if self._cluster in (None, cluster) or cluster is None:
                self._found_objects(entries)
        for finding in check_fleet(self._tenancies):
            tenant = finding.object.split(" ")[1]  # "Tenant vision on eu-central"
            self._add(self._requests[tenant], finding)

    def _request(self, named: Named, document: InputDocument) -> None:
        if self._pipeline is None:
            return  # the fleet itself was refused, and that has been said
        request = parse(
            document.value,
            fleet=self._pipeline.fleet,
            library=self._library,
            tenants=self._tenants,
            file=named.name,
        )
        parent = parent_of(request, self._tenants) if self._tenants is not None else None
        clusters = [each.cluster_name for each in self._pipeline.resolve(request, parent=parent)]
        if named.folder is not None and self._cluster not in (None, *clusters):
            return  # one of a folder's requests, and none for the cluster that was asked for
        rendered = self._pipeline.run(request, cluster=self._cluster, today=self._today, parent=parent)
        self._add_all(document, rendered.findings)
        if self._models is not None:
            for item in (item for part in rendered.parts for item in part.objects):
                self._models.take(named.name, item, document.line_of)
        self._tenancies += (
            part.resolved for part in rendered.parts if part.resolved.ref.subject is Subject.TENANT
        )
        self._requests[request.name] = document

    def _fleet(self, named: Named, document: InputDocument) -> None:
        fleet = parse_fleet(document.value, file=named.name)
        library = library_for(fleet, self._library)
        pipeline = Pipeline(fleet, library=library, schemas=self._schemas)
        for cluster in (self._cluster,) if self._cluster else pipeline.platforms:
            self._add_all(document, pipeline.check(pipeline.fleet, cluster=cluster))

    def _found_objects(self, objects: ObjectSpool) -> None:
        """What shows when all objects are known; where each stands is looked up for the few that have a finding."""
        found = list(check_together(objects))
        wanted = {(finding.file, finding.object) for finding in found}
        places: dict[tuple[str, str], SpooledObject] = {}
        for record in objects.records() if found else ():
            key = (record.file, str(ManifestObject(record.file, record.body)))
            if key in wanted or not places:
                places[key] = record._replace(body={})
        first = next(iter(places.values()), None)
        placed = [(places.get((finding.file, finding.object), first), finding) for finding in found]
        # Of an object with a variable, the variable may be what is wrong.
        standing = [
            (place, finding) for place, finding in placed if place is not None and not place.unfinished
        ]
        lines = self._lines(standing)
        for place, finding in standing:
            line = lines.get((place.number, place.part, _field(place.path, finding)), place.line)
            self._out.findings.append(Located(place.file, line, finding))

    def _lines(
        self, standing: Iterable[tuple[SpooledObject, Finding]]
    ) -> dict[tuple[int, int, str], int | None]:
        """By file, part of it and field: the line. A file is read once more for all of its findings."""
        fields: defaultdict[int, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for place, finding in standing:
            if place.line is None:
                fields[place.number][place.part].add(_field(place.path, finding))
        lines: dict[tuple[int, int, str], int | None] = {}
        for number, of_file in fields.items():
            for part, first_line, text in self._files[number].texts({*of_file}):
                positions = Positions(text)
                for name in of_file[part]:
                    line = positions.line_of(name)
                    lines[number, part, name] = None if line is None else first_line + line
        return lines

    def _add_all(self, document: InputDocument, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._add(document, finding)

    def _add(self, document: InputDocument, finding: Finding, place: str = "") -> None:
        if self._fleet_place is not None and finding.is_about_a_cluster:
            # The same for every request on the cluster.
            if finding not in self._of_clusters:
                self._of_clusters.add(finding)
                line = self._fleet_place.line_of(finding)
                self._out.findings.append(Located(self._fleet_place.name, line, finding))
            return
        # A rendered manifest is not what a person edits: its finding leads to the request's first line.
        name = document.named.name
        line = document.line_of(_field(place, finding) if finding.file in ("", name) else "")
        self._out.findings.append(Located(name, line, finding))


def _field(place: str, finding: Finding) -> str:
    return ".".join(part for part in (place, finding.field) if part)


def _not_an_object(named: Named) -> Finding:
    applied = named.cluster is not None
    consequence = "Flux would stop at it" if applied else "so nothing can be said about it"
    return Finding(
        file=named.name,
        object="",
        field="",
        rule="not-an-object",
        severity=Severity.ERROR if applied else Severity.WARNING,
        message=f"This is not a request, a fleet or a Kubernetes object: {consequence}.",
        fix="Give it apiVersion and kind, or `golden_path`; or keep it elsewhere.",
    )
