"""``goldenpath fleet init``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from goldenpath import names
from goldenpath.cli.base_command import ExampleCommand, library_option
from goldenpath.cli.repository_options import asking_person, opening
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
@click.option(
    "--fleet",
    "fleet_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The fleet's goldenpath.yaml; without it, a small example to begin with.",
)
@click.option("--bare", is_flag=True, help="A repository without a work tree, for a server.")
@click.option(
    "--forge",
    type=click.Choice(["github", "gitlab", "gitea", "forgejo"]),
    help="Write the check for this forge's CI.",
)
@click.option(
    "--code-owner",
    default="@platform-team",
    show_default=True,
    metavar="NAME",
    help="The reviewers of every change, as CODEOWNERS writes them.",
)
@click.option(
    "--delivery",
    type=click.Choice(["git", "oci"]),
    help="The source that clusters read: the repository, or signed artifacts in a registry. Default: the fleet file's.",
)
@click.option(
    "--registry",
    metavar="oci://HOST/PATH",
    help="With --delivery oci: the registry, and the path below which each cluster has its repositories.",
)
@click.option("--author", metavar="PERSON", help="The author of the commit, as 'Ada <ada@example.org>'.")
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
    """Make a new fleet repository, with its first commit.

    The repository gets the fleet's goldenpath.yaml, the platform of every cluster with what Flux starts from, README,
    CODEOWNERS, and the check that CI runs. DIR may be new, empty, or a repository without a commit; a URL must be of an
    empty repository.
    """
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.fleet import Fleet  # noqa: PLC0415
    from goldenpath.git import is_url  # noqa: PLC0415

    if registry is not None and delivery != "oci":
        raise click.UsageError("--registry needs --delivery oci.")
    text = kubeyaml.read_text(fleet_file) if fleet_file is not None else None
    written = _delivered(text, delivery, registry) if delivery is not None else text
    made = Fleet.create(
        place,
        written,
        bare=bare,
        forge=forge,
        code_owner=code_owner,
        author=asking_person(author),
        file=str(fleet_file) if fleet_file is not None else names.FLEET_FILE,
        **opening(libraries),
    )
    with made as fleet:
        state = fleet.state()
        files = len(state.snapshot.files())
        commit = state.snapshot.commit or ""
        reads_registry = state.context.spec.delivery is not None
        where = fleet.store.place if is_url(place) else place
    click.echo(f"{where}: a fleet repository of {files} files; its first commit is {commit[:12]}.")
    if text is None:
        click.echo(
            f"Its {names.FLEET_FILE} is an example: write your own clusters into a copy, and publish it."
        )
    has_files = not bare and not is_url(place)
    click.echo("Next:")
    for words, comment in _next_commands(where, fleet_file, has_files=has_files):
        click.echo(f"  {words}    # {comment}")
    if reads_registry:
        repository = shlex.quote(where)
        click.echo(
            f"  goldenpath artifacts push --repo {repository} --key fleet.key    # sign what clusters read"
        )
        click.echo("Set up the clusters next: docs/tasks/deliver-without-git.md.")


def _delivered(text: str | None, delivery: str, registry: str | None) -> str | None:
    """The fleet's text with `delivery` as the options say; comments stay."""
    from goldenpath import kubeyaml  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.fleet.initial_files import starter_fleet  # noqa: PLC0415
    from goldenpath.kubeyaml.editing import edited  # noqa: PLC0415

    before = starter_fleet() if text is None else text
    document = kubeyaml.load(before)
    said = document.get("delivery") if isinstance(document, dict) else None
    if delivery == "git":
        return text if said is None else edited(before, [(("delivery",), MISSING)])
    if registry is None:
        if isinstance(said, dict) and said.get("registry"):
            return text
        raise click.UsageError("--delivery oci needs --registry oci://HOST/PATH.")
    if isinstance(said, dict):
        return edited(before, [(("delivery", "registry"), registry)])
    return edited(before, [(("delivery",), {"registry": registry})])


def _next_commands(where: str, fleet_file: Path | None, *, has_files: bool) -> list[tuple[str, str]]:
    """Three command lines for the shell, each with what it does."""
    repository = shlex.quote(where)
    if fleet_file is not None:
        return [
            (
                f"goldenpath new tenant --fleet {shlex.quote(str(fleet_file))}",
                "write the request of a first tenant",
            ),
            (f"goldenpath plan tenant.yaml --repo {repository}", "show what it would change"),
            (f"goldenpath publish tenant.yaml --repo {repository}", "commit that"),
        ]
    copied = f"cp {shlex.quote(str(Path(where, names.FLEET_FILE)))} {names.FLEET_FILE}"
    cloned = f"git clone --quiet {repository} fleet && cp fleet/{names.FLEET_FILE} {names.FLEET_FILE}"
    return [
        (copied if has_files else cloned, "and write your clusters into it"),
        (f"goldenpath publish {names.FLEET_FILE} --repo {repository}", "commit what follows from them"),
        ("goldenpath new tenant", "write the request of a first tenant, to publish in the same way"),
    ]
