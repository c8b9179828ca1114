"""``goldenpath adopt``."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, fleet_option, format_option, library_option
from goldenpath.cli.cluster_options import cluster_options, connections

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    "--repo", "place", envvar="GOLDENPATH_REPO", show_envvar=True, metavar="URL|DIR", help="The fleet repository, whose fleet it is to join."
)  # fmt: skip
@fleet_option
@cluster_options
@click.option(
    "--cluster",
    "clusters",
    multiple=True,
    metavar="NAME",
    help="Cluster of the fleet that it is on; may be given again. Without it, the one that has the context's name.",
)
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Read manifests here, in a folder for each cluster, and not a cluster.",
)
@click.option("--owner", metavar="GROUP", help="The owner, where no label or annotation names one.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="FIELD=KEY",
    help="Label or annotation of the Namespace that says owner, environment, cost_center, contact, title, description or expires; may be given again.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the request here."
)
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
    """Derive the request for a namespace that was made by hand.

    What is in the namespace, and what names it from outside, is read from its clusters, or from manifests of --from.
    The request goes to standard output, with where each field comes from. Standard error has the rest: findings,
    what has no place in a request and what to do with it, what publishing it would change, and who manages those
    fields today. Nothing on a cluster is changed, and of Secrets only the names are read.

    Ends with 0, with 1 where a finding is an error, and with 2 where the namespace cannot be read.
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
        files = dict(_of_folder(folder, clusters, pipeline))
        done = adopt(namespace, files, pipeline, given=given, metadata_keys=by_field)
    else:
        names = clusters or ((context,) if context is not None else ())
        _known(names, pipeline)
        with connections(names, context=context, kubeconfig=kubeconfig) as connected:
            found = {name: find(cluster, namespace) for name, cluster in connected.items()}
            done = adopt(namespace, found, pipeline, connected, given=given, metadata_keys=by_field)
    if out is not None:
        golden_path = pipeline.library.get(done.adoption.request["golden_path"])
        _write(out, modeline(golden_path) + done.adoption.text)
    if output_format == "json":
        click.echo(json.dumps(done.as_dict(), indent=2, ensure_ascii=False, default=str))
    else:
        _tell(done)
        if out is None:
            click.echo(done.adoption.text, nl=False)
    ctx.exit(_FOUND_ERRORS if any(f.severity is Severity.ERROR for f in done.adoption.findings) else 0)


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
    """By field, the keys of ``--key``."""
    from goldenpath.adoption import METADATA_FIELDS  # noqa: PLC0415 - `--help` needs none of it

    found: dict[str, list[str]] = {}
    for each in keys:
        field, equals, key = each.partition("=")
        field = field.strip().replace("-", "_")
        if not equals or not key.strip() or field not in METADATA_FIELDS:
            message = f"{each!r} is not FIELD=KEY, with one of the fields {', '.join(METADATA_FIELDS)}"
            raise click.BadParameter(message, param_hint="--key")
        found.setdefault(field, []).append(key.strip())
    return found


def _known(names: Iterable[str], pipeline: Pipeline) -> None:
    from goldenpath.errors import InputError, Problem  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.spec.nearest import nearest  # noqa: PLC0415

    names = list(names)
    if not names:
        message = "say on which cluster of the fleet it is, or name manifests with --from"
        raise InputError.of("--cluster", "required", message)
    known = pipeline.platforms
    message = f"is not a cluster of the fleet, which has {', '.join(known)}; name it with --cluster"
    problems = [
        Problem("--cluster", "unknown-cluster", message, name, nearest(name, known))
        for name in names
        if name not in known
    ]
    if problems:
        raise InputError(problems)


def _of_folder(
    folder: Path, clusters: tuple[str, ...], pipeline: Pipeline
) -> Iterator[tuple[str, FoundNamespace]]:
    """A folder for each cluster; or one that is all of a cluster's, where just one was named."""
    from goldenpath.cli.input_files import yaml_files  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.live import FoundNamespace  # noqa: PLC0415

    there = [name for name in pipeline.platforms if (folder / name).is_dir()]
    names = list(clusters) or there
    _known(names, pipeline)
    for name in names:
        place = folder / name if (folder / name).is_dir() or len(names) > 1 else folder
        with contextlib.suppress(FileNotFoundError):
            objects = [item for file in yaml_files(place) for item in _objects(file)]
            yield name, FoundNamespace(tuple(objects))


def _objects(file: Path) -> Iterator[ManifestObject]:
    """The objects in a file, which may be one List of any size, as `kubectl get` writes it."""
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
    click.echo(f"{file}: the request.", err=True)


def _tell(done: LiveAdoption) -> None:
    from goldenpath.cli.change_output import change_set_lines  # noqa: PLC0415 - `--help` needs none of it

    for finding in done.adoption.findings:
        click.echo(str(finding), err=True)
    for leftover in done.adoption.leftovers:
        click.echo(str(leftover), err=True)
    for cluster, kinds in done.unread.items():
        click.echo(f"{cluster}: you may not list {', '.join(kinds)}, so they were not looked at", err=True)
    if done.diff is None:
        return
    for cluster, changes in done.diff.clusters.items():
        for line in change_set_lines(cluster, changes):
            click.echo(line, err=True)
        for ref, managers in done.managers.get(cluster, {}).items():
            shown = ", ".join(f"{each.manager} ({each.fields} fields)" for each in managers)
            click.echo(f"  {ref} is managed by {shown}", err=True)
