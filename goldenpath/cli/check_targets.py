"""Checks requests, fleets, objects, and folders of them. One :class:`Examination` holds the result."""

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
from goldenpath.cli.unfinished_objects import applies_to_unfinished, unapplied_patch_note, unfinished_note
from goldenpath.errors import InputError, Problem
from goldenpath.findings import Finding, Severity
from goldenpath.kubeyaml.positions import Positions
from goldenpath.library_sources import library_for
from goldenpath.manifests import ManifestObject, expand_list, is_kubernetes_object
from goldenpath.pipeline import Pipeline, load_fleet, parent_of, parse
from goldenpath.spec.nearest import nearest
from goldenpath.spec.parse import parse_fleet
from goldenpath.spec.ref import Subject
from goldenpath.spec.tenant import Tenant
from goldenpath.tenant_requests import repository_tenants

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from goldenpath.check import Schemas
    from goldenpath.cli.check_inputs import InputDocument, InputFile
    from goldenpath.cli.mounted_models import MountedModels
    from goldenpath.paths import Library
    from goldenpath.pipeline import Tenants
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.tenancy import Tenancy

__all__ = ["Examination", "Located", "examine"]

WORST_FIRST: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Located:
    """A finding, with the file to open for the fix and its line, if it is known."""

    source: str
    line: int | None
    finding: Finding


@dataclass(slots=True)
class Examination:
    """The number of checked documents by kind, the problems of refused inputs, and the findings."""

    looked_at: Counter[DocumentKind] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    findings: list[Located] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """2 if an input was refused, 1 if a finding is an error, else 0."""
        if self.problems:
            return 2
        return int(any(located.finding.severity is Severity.ERROR for located in self.findings))

    def arrange(self) -> None:
        """Sort the findings by file, and then by severity, errors first."""
        self.findings.sort(
            key=lambda located: (located.source, WORST_FIRST[located.finding.severity], located.finding)
        )


def examine(
    files: Sequence[InputFile],
    examination: Examination,
    *,
    fleet_file: Path | None,
    library: Library,
    cluster: str | None,
    today: dt.date,
    schemas: Schemas | None = None,
    models: MountedModels | None = None,
) -> None:
    """Check each file, and add findings and problems to the examination.

    Args:
        files: the files to check.
        examination: receives findings and problems.
        fleet_file: the fleet of the requests; only needed if there are requests.
        library: the golden paths.
        cluster: only this cluster.
        today: the day that expiry dates are compared with.
        schemas: the schemas of objects; by default the built-in ones.
        models: receives the models that Pods mount, in objects and in rendered requests.
    """
    with ObjectStore() as store:
        examiner = _Examiner(
            examination, store, library=library, cluster=cluster, today=today, schemas=schemas, models=models
        )
        if fleet_file is not None:
            examiner.take_fleet(fleet_file, files)
        examiner.take_build_files(files)
        for file in files:
            examiner.take(file)
        examiner.finish()
    if not examination.looked_at and not examination.problems:
        # A CI job with a wrong path must fail.
        message = "there is nothing to check: the named files hold no YAML document"
        examination.problems.append(Problem("", "nothing-to-check", message))
    examination.arrange()


class _Examiner:
    """Checks files one by one; findings across all files come at the end."""

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
        self._files: list[InputFile] = []
        self._kustomizations = Kustomizations(())
        self._objects: defaultdict[tuple[Path | None, str | None], ObjectSpool] = defaultdict(
            lambda: ObjectSpool(store)
        )

    def take_fleet(self, file: Path, files: Iterable[InputFile]) -> None:
        """Read the fleet for requests, and the tenants for workloads among the files."""
        try:
            fleet = load_fleet(file)
        except InputError as error:
            place = os.path.realpath(file)
            # If the fleet is one of the files, its own check reports its problems.
            if all(os.path.realpath(each.name) != place for each in files):
                self._out.problems += error.problems
            return
        if self._cluster is not None and self._cluster not in fleet.clusters:
            near = nearest(self._cluster, fleet.clusters)
            message = f"is not a cluster of the fleet; the clusters are {', '.join(fleet.clusters)}"
            self._out.problems.append(Problem("--cluster", "unknown-cluster", message, self._cluster, near))
            return
        self._library = library_for(fleet, self._library)
        self._fleet_place = FleetPlace(file, files)
        self._pipeline = Pipeline(fleet, library=self._library, schemas=self._schemas)
        self._tenants = repository_tenants(file, fleet, self._library, self._tenants_in(files, fleet))

    def _tenants_in(self, files: Iterable[InputFile], fleet: FleetSpec) -> dict[str, Tenant]:
        """The tenants among the files, which workloads among the files may need before they are published."""
        requests = [
            document.value
            for file in files
            if file.has_requests
            for document in file.documents()
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

    def take_build_files(self, files: Iterable[InputFile]) -> None:
        """Read from kustomize's build files which files kustomize changes."""
        self._kustomizations = Kustomizations(file.path for file in files if file.path is not None)

    def take(self, file: InputFile) -> None:
        """Check one file."""
        self._files.append(file)
        try:
            for document in file.documents():
                self._take(file, document)
        except InputError as error:  # the file changed since it was found
            self._out.problems += error.problems

    def _take(self, file: InputFile, document: InputDocument) -> None:
        if document.refused is not None:
            self._refuse(document.refused, file)
            return
        self._out.looked_at[document.kind] += 1
        try:
            match document.kind:
                case DocumentKind.REQUEST:
                    self._request(file, document)
                case DocumentKind.FLEET:
                    self._fleet(file, document)
                case DocumentKind.OBJECT:
                    self._object(file, document)
                case DocumentKind.OTHER if file.path is not None and self._kustomizations.reads(file.path):
                    pass  # a build file, a JSON patch, or content of a generated ConfigMap
                case DocumentKind.OTHER if file.folder is None:
                    message = "is neither a request (`golden_path`), a fleet (`format: fleet/v1`) nor a Kubernetes object"
                    raise InputError([Problem("", "not-an-object", message)])  # noqa: TRY301 - reported like all others
                case DocumentKind.OTHER:
                    self._add(document, _not_an_object(file))
        except InputError as error:
            self._refuse(error, file)

    def _refuse(self, error: InputError, file: InputFile) -> None:
        self._out.problems += (problem.in_file(file.name) for problem in error.problems)

    def _object(self, file: InputFile, document: InputDocument) -> None:
        build_file = self._kustomizations.changing(file.path) if file.path is not None else None
        for place, body in expand_list(document.value):
            path = ".".join(part for part in (document.path, place) if part)
            if not is_kubernetes_object(body):
                self._add(document, _not_an_object(file), path)
                continue
            item = ManifestObject(file.name, body)
            found = list(check_schema([item], self._schemas))
            note = unfinished_note(item, build_file) or unapplied_patch_note(file.path, item, found)
            if note is not None:
                self._add(document, note, path)
                found = [
                    finding for finding in found if build_file is None and applies_to_unfinished(finding)
                ]
            for finding in found:
                self._add(document, finding, path)
            if self._models is not None and self._cluster in (None, file.cluster):
                self._models.take(file.name, item, document.line_of, is_final=note is None)
            if build_file is None:
                number = len(self._files) - 1
                self._objects[file.folder, file.cluster].add(
                    SpooledObject(
                        file.name, number, document.part, path, document.line, note is not None, body
                    )
                )

    def finish(self) -> None:
        """Add the findings that need all objects and tenants."""
        for (_, cluster), entries in self._objects.items():
            if self._cluster in (None, cluster) or cluster is None:
                self._check_together(entries)
        for finding in check_fleet(self._tenancies):
            tenant = finding.object.split(" ")[1]  # "Tenant vision on eu-central"
            self._add(self._requests[tenant], finding)

    def _request(self, file: InputFile, document: InputDocument) -> None:
        if self._pipeline is None:
            return  # the fleet was refused, and its problems are reported already
        request = parse(
            document.value,
            fleet=self._pipeline.fleet,
            library=self._library,
            tenants=self._tenants,
            file=file.name,
        )
        parent = parent_of(request, self._tenants) if self._tenants is not None else None
        clusters = [each.cluster_name for each in self._pipeline.resolve(request, parent=parent)]
        if file.folder is not None and self._cluster not in (None, *clusters):
            return  # a request of a named folder may be for other clusters
        rendered = self._pipeline.run(request, cluster=self._cluster, today=self._today, parent=parent)
        self._add_all(document, rendered.findings)
        if self._models is not None:
            for item in (item for part in rendered.parts for item in part.objects):
                self._models.take(file.name, item, document.line_of)
        self._tenancies += (
            part.resolved for part in rendered.parts if part.resolved.ref.subject is Subject.TENANT
        )
        self._requests[request.name] = document

    def _fleet(self, file: InputFile, document: InputDocument) -> None:
        fleet = parse_fleet(document.value, file=file.name)
        library = library_for(fleet, self._library)
        pipeline = Pipeline(fleet, library=library, schemas=self._schemas)
        for cluster in (self._cluster,) if self._cluster else pipeline.platforms:
            self._add_all(document, pipeline.check(pipeline.fleet, cluster=cluster))

    def _check_together(self, objects: ObjectSpool) -> None:
        """Add the findings across objects; only objects with a finding are located."""
        found = list(check_together(objects))
        wanted = {(finding.file, finding.object) for finding in found}
        places: dict[tuple[str, str], SpooledObject] = {}
        for record in objects.records() if found else ():
            key = (record.file, str(ManifestObject(record.file, record.body)))
            if key in wanted or not places:
                places[key] = record._replace(body={})
        first = next(iter(places.values()), None)
        placed = [(places.get((finding.file, finding.object), first), finding) for finding in found]
        # An unfilled variable may cause a finding of an unfinished object, so such findings are dropped.
        final = [(place, finding) for place, finding in placed if place is not None and not place.unfinished]
        lines = self._lines(final)
        for place, finding in final:
            line = lines.get((place.number, place.part, _field(place.path, finding)), place.line)
            self._out.findings.append(Located(place.file, line, finding))

    def _lines(
        self, placed: Iterable[tuple[SpooledObject, Finding]]
    ) -> dict[tuple[int, int, str], int | None]:
        """The line of each finding by file, document and field. Each file is read once more for all its findings."""
        fields: defaultdict[int, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for place, finding in placed:
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
            # Every request on the cluster repeats the finding.
            if finding not in self._of_clusters:
                self._of_clusters.add(finding)
                line = self._fleet_place.line_of(finding)
                self._out.findings.append(Located(self._fleet_place.name, line, finding))
            return
        # A person edits the request, so a finding of a rendered manifest points to the request's first line.
        name = document.file.name
        line = document.line_of(_field(place, finding) if finding.file in ("", name) else "")
        self._out.findings.append(Located(name, line, finding))


def _field(place: str, finding: Finding) -> str:
    return ".".join(part for part in (place, finding.field) if part)


def _not_an_object(file: InputFile) -> Finding:
    is_applied = file.cluster is not None
    consequence = "Flux would stop at it" if is_applied else "so it was not checked"
    return Finding(
        file=file.name,
        object="",
        field="",
        rule="not-an-object",
        severity=Severity.ERROR if is_applied else Severity.WARNING,
        message=f"This is not a request, a fleet or a Kubernetes object: {consequence}.",
        fix="Add apiVersion and kind, or `golden_path`; or move the document elsewhere.",
    )
