"""``goldenpath adopt``."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import (
    ExampleCommand,
    file_option,
    fleet_option,
    folder_option,
    format_option,
    library_option,
    repeatable_option,
)
from goldenpath.cli.cluster_options import cluster_options, connections
from goldenpath.cli.echo import echo_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from goldenpath.live import FoundNamespace, LiveAdoption
    from goldenpath.manifests import ManifestObject
    from goldenpath.pipeline import Pipeline

_FOUND_ERRORS = 1


@click.command(
    name="adopt",
    cls=ExampleCommand,
    examples=(
        "goldenpath adopt vision --repo . --context eu-central",
        "goldenpath adopt vision --repo . --cluster eu-central --cluster us-east --out vision.yaml",
        "goldenpath adopt vision --fleet goldenpath.yaml --from found/",
    ),
)
@click.argument("namespace")
@click.option(
    "--repo", "place", envvar="GOLDENPATH_REPO", show_envvar=True, metavar="URL|DIR", help="The fleet repository that the namespace will join."
)  # fmt: skip
@fleet_option
@cluster_options
@click.option(
    "--cluster",
    "clusters",
    multiple=True,
    metavar="NAME",
    help="The namespace's cluster in the fleet; may be given again. Default: the cluster with the context's name.",
)
@folder_option(
    "--from",
    "folder",
    exists=True,
    help="Read manifests from this folder, with a subfolder for each cluster, instead of a cluster.",
)
@click.option("--owner", metavar="GROUP", help="The owner, if no label or annotation names one.")
@repeatable_option(
    "--key",
    "keys",
    metavar="FIELD=KEY",
    help="Label or annotation of the Namespace for owner, environment, cost_center, contact, title, description or expires",
)
@file_option("--out", help="Write the request to this file.")
@library_option
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    namespace: str,
    place: str | None,
    fleet_file: Path | None,
    context: str | None,
    kubeconfig: str | None,
    clusters: tuple[str, ...],
    folder: Path | None,
    owner: str | None,
    keys: tuple[str, ...],
    out: Path | None,
    libraries: tuple[Path, ...],
    output_format: str,
) -> None:
    """Derive the request for a namespace that was created by hand.

    The command reads the namespace's objects, and the objects outside that refer to the namespace, from its clusters or from
    the manifests of --from. It prints the request on standard output, with the source of each field. Standard error has the
    findings, the objects that no request can express with advice, the changes that a publish would make, and the current
    managers of those fields. The command changes nothing on a cluster, and reads only the names of Secrets.

    Exit code 0: done. 1: a finding is an error. 2: the namespace cannot be read.
    """
    from goldenpath.cli.editor_schema import modeline  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.findings import Severity  # noqa: PLC0415
    from goldenpath.live import adopt, find  # noqa: PLC0415

    pipeline = _pipeline(place, fleet_file, libraries)
    given = {"owner": owner} if owner else None
    by_field = _metadata_keys(keys)
    if folder is not None:
        if context is not None:
            raise click.UsageError("Give --from, or --context; not both.")
        files = dict(_objects_by_cluster(folder, clusters, pipeline))
        adopted = adopt(namespace, files, pipeline, given=given, metadata_keys=by_field)
    else:
        names = clusters or ((context,) if context is not None else ())
        _check_clusters(names, pipeline)
        with connections(names, context=context, kubeconfig=kubeconfig) as connected:
            found = {name: find(cluster, namespace) for name, cluster in connected.items()}
            adopted = adopt(namespace, found, pipeline, connected, given=given, metadata_keys=by_field)
    if out is not None:
        golden_path = pipeline.library.get(adopted.adoption.request["golden_path"])
        _write(out, modeline(golden_path) + adopted.adoption.text)
    if output_format == "json":
        click.echo(json.dumps(adopted.as_dict(), indent=2, ensure_ascii=False, default=str))
    else:
        _print_report(adopted)
        if out is None:
            click.echo(adopted.adoption.text, nl=False)
    ctx.exit(_FOUND_ERRORS if any(f.severity is Severity.ERROR for f in adopted.adoption.findings) else 0)


def _pipeline(place: str | None, fleet_file: Path | None, libraries: tuple[Path, ...]) -> Pipeline:
    from goldenpath.cli.input_files import find_fleet  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.library_sources import library_for  # noqa: PLC0415
    from goldenpath.paths import Library  # noqa: PLC0415
    from goldenpath.pipeline import Pipeline, load_fleet  # noqa: PLC0415

    if place is not None and fleet_file is None:
        from goldenpath.cli.repository_options import open_fleet  # noqa: PLC0415 - loads Git

        with open_fleet(place, None, libraries) as fleet:
            return fleet.state().context.pipeline
    spec = load_fleet(fleet_file or find_fleet())
    return Pipeline(spec, library=library_for(spec, Library(libraries)))


def _metadata_keys(keys: Iterable[str]) -> dict[str, list[str]]:
    """The labels or annotations of each field, from ``--key``."""
    from goldenpath.adoption import METADATA_FIELDS  # noqa: PLC0415 - `--help` needs none of it

    found: dict[str, list[str]] = {}
    for each in keys:
        field, equals, key = each.partition("=")
        field = field.strip().replace("-", "_")
        if not equals or not key.strip() or field not in METADATA_FIELDS:
            message = f"{each!r} is not FIELD=KEY; FIELD is one of {', '.join(METADATA_FIELDS)}"
            raise click.BadParameter(message, param_hint="--key")
        found.setdefault(field, []).append(key.strip())
    return found


def _check_clusters(names: Iterable[str], pipeline: Pipeline) -> None:
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.spec.nearest import nearest  # noqa: PLC0415

    names = list(names)
    if not names:
        message = "is required: name the namespace's cluster in the fleet, or give manifests with --from"
        raise InputError.of("--cluster", "required", message)
    known = pipeline.platforms
    message = f"is not a cluster of the fleet; set --cluster to one of {', '.join(known)}"
    problems = [
        Problem("--cluster", "unknown-cluster", message, name, nearest(name, known))
        for name in names
        if name not in known
    ]
    if problems:
        raise InputError(problems)


def _objects_by_cluster(
    folder: Path, clusters: tuple[str, ...], pipeline: Pipeline
) -> Iterator[tuple[str, FoundNamespace]]:
    """The objects of each cluster's subfolder; without subfolders, all objects belong to the one named cluster."""
    from goldenpath.cli.input_files import yaml_files  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import FoundNamespace  # noqa: PLC0415

    names = list(clusters) or [name for name in pipeline.platforms if (folder / name).is_dir()]
    _check_clusters(names, pipeline)
    for name in names:
        place = folder / name if (folder / name).is_dir() or len(names) > 1 else folder
        with contextlib.suppress(FileNotFoundError):
            objects = [item for file in yaml_files(place) for item in _objects(file)]
            yield name, FoundNamespace(tuple(objects))


def _objects(file: Path) -> Iterator[ManifestObject]:
    """The objects in a file; a List may have any size, as `kubectl get` writes it."""
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.manifests import ManifestObject  # noqa: PLC0415

    with kubeyaml.open_regular(file) as stream:
        for document in kubeyaml.stream_documents(stream, name=str(file)):
            if document.refused is not None:
                raise document.refused
            if isinstance(document.value, dict) and document.value.get("kind"):
                yield ManifestObject(str(file), kubeyaml.plain(document.value))


def _write(file: Path, text: str) -> None:
    from goldenpath.file_output import write_files  # noqa: PLC0415
    from goldenpath.manifests import RenderedFile  # noqa: PLC0415 - `--help` needs none of it

    write_files(file.parent, [RenderedFile(file.name, text)])
    click.echo(f"Wrote the request to {file}.", err=True)


def _print_report(adopted: LiveAdoption) -> None:
    from goldenpath.cli.change_output import change_set_lines  # noqa: PLC0415 - `--help` needs none of it

    echo_lines(map(str, (*adopted.adoption.findings, *adopted.adoption.leftovers)), err=True)
    for cluster, kinds in adopted.unread.items():
        click.echo(f"{cluster}: you may not list {', '.join(kinds)}, so they were not read", err=True)
    if adopted.diff is None:
        return
    for cluster, changes in adopted.diff.clusters.items():
        echo_lines(change_set_lines(cluster, changes), err=True)
        for ref, managers in adopted.managers.get(cluster, {}).items():
            shown = ", ".join(f"{each.manager} ({each.fields} fields)" for each in managers)
            click.echo(f"  {ref} is managed by {shown}", err=True)
