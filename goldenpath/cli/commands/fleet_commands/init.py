"""``goldenpath fleet init``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from goldenpath import names
from goldenpath.cli.base_command import ExampleCommand, file_option, library_option
from goldenpath.cli.forge_options import FORGES
from goldenpath.cli.repository_options import author_option, commit_author, environment_settings
from goldenpath.errors import MISSING


@click.command(
    name="init",
    cls=ExampleCommand,
    examples=(
        "goldenpath fleet init fleet/",
        "goldenpath fleet init fleet/ --fleet goldenpath.yaml --forge github --code-owner @example/platform-team",
        "goldenpath fleet init fleet/ --delivery oci --registry oci://registry.example.org/fleet",
    ),
)
@click.argument("place", metavar="DIR|URL")
@file_option("--fleet", "fleet_file", help="The fleet's goldenpath.yaml. Default: a small example.")
@click.option("--bare", is_flag=True, help="Create a repository without a work tree, for a server.")
@click.option("--forge", type=click.Choice(FORGES), help="Write the check for this forge's CI.")
@click.option(
    "--code-owner",
    default="@platform-team",
    show_default=True,
    metavar="NAME",
    help="The reviewers of every change, for CODEOWNERS.",
)
@click.option(
    "--delivery",
    type=click.Choice(["git", "oci"]),
    help="The source that clusters read: the repository, or signed artifacts in a registry. Default: as in the fleet file.",
)
@click.option(
    "--registry",
    metavar="oci://HOST/PATH",
    help="With --delivery oci: the registry, with the path above the repositories of clusters.",
)
@author_option
@library_option
def command(
    *,
    place: str,
    fleet_file: Path | None,
    bare: bool,
    forge: str | None,
    code_owner: str,
    delivery: str | None,
    registry: str | None,
    author: str | None,
    libraries: tuple[Path, ...],
) -> None:
    """Create a fleet repository with its first commit.

    The repository gets the fleet's goldenpath.yaml, the platform of every cluster with Flux's entry point, README,
    CODEOWNERS, and the check for CI. DIR may be a new or empty folder, or a repository without commits. A URL must point to
    an empty repository.
    """
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.fleet import Fleet  # noqa: PLC0415
    from goldenpath.git import is_url  # noqa: PLC0415

    if registry is not None and delivery != "oci":
        raise click.UsageError("--registry needs --delivery oci.")
    text = kubeyaml.read_text(fleet_file) if fleet_file is not None else None
    fleet_text = _with_delivery(text, delivery, registry) if delivery is not None else text
    created = Fleet.create(
        place,
        fleet_text,
        bare=bare,
        forge=forge,
        code_owner=code_owner,
        author=commit_author(author),
        file=str(fleet_file) if fleet_file is not None else names.FLEET_FILE,
        **environment_settings(libraries),
    )
    with created as fleet:
        state = fleet.state()
        files = len(state.snapshot.files())
        commit = state.snapshot.commit or ""
        reads_registry = state.context.spec.delivery is not None
        where = fleet.store.place if is_url(place) else place
    click.echo(f"{where}: a fleet repository of {files} files; its first commit is {commit[:12]}.")
    if text is None:
        click.echo(
            f"Its {names.FLEET_FILE} is an example: replace its clusters in a copy, and publish the copy."
        )
    has_files = not bare and not is_url(place)
    click.echo("Next:")
    for words, comment in _next_commands(where, fleet_file, has_files=has_files):
        click.echo(f"  {words}    # {comment}")
    if reads_registry:
        repository = shlex.quote(where)
        click.echo(
            f"  goldenpath artifacts push --repo {repository} --key fleet.key    # push the signed artifacts"
        )
        click.echo("Then set up the clusters: docs/tasks/deliver-without-git.md.")


def _with_delivery(text: str | None, delivery: str, registry: str | None) -> str | None:
    """The fleet's text with the `delivery` of the options; comments stay."""
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.fleet.initial_files import starter_fleet  # noqa: PLC0415
    from goldenpath.kubeyaml.editing import edited  # noqa: PLC0415

    before = starter_fleet() if text is None else text
    document = kubeyaml.load(before)
    current = document.get("delivery") if isinstance(document, dict) else None
    if delivery == "git":
        return text if current is None else edited(before, [(("delivery",), MISSING)])
    if registry is None:
        if isinstance(current, dict) and current.get("registry"):
            return text
        raise click.UsageError("--delivery oci needs --registry oci://HOST/PATH.")
    if isinstance(current, dict):
        return edited(before, [(("delivery", "registry"), registry)])
    return edited(before, [(("delivery",), {"registry": registry})])


def _next_commands(where: str, fleet_file: Path | None, *, has_files: bool) -> list[tuple[str, str]]:
    """Three command lines for the shell, each with its purpose."""
    repository = shlex.quote(where)
    if fleet_file is not None:
        return [
            (
                f"goldenpath new tenant --fleet {shlex.quote(str(fleet_file))}",
                "write the request of a first tenant",
            ),
            (f"goldenpath plan tenant.yaml --repo {repository}", "show the changes of a publish"),
            (f"goldenpath publish tenant.yaml --repo {repository}", "commit them"),
        ]
    copied = f"cp {shlex.quote(str(Path(where, names.FLEET_FILE)))} {names.FLEET_FILE}"
    cloned = f"git clone --quiet {repository} fleet && cp fleet/{names.FLEET_FILE} {names.FLEET_FILE}"
    return [
        (copied if has_files else cloned, "then write your clusters into it"),
        (
            f"goldenpath publish {names.FLEET_FILE} --repo {repository}",
            "commit the platforms of your clusters",
        ),
        ("goldenpath new tenant", "write the request of a first tenant, and publish it in the same way"),
    ]
