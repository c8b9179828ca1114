"""``goldenpath publish``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from goldenpath.cli.artifact_delivery import ArtifactKeys, Signers, check_deliverable, deliver, show_delivery
from goldenpath.cli.base_command import ExampleCommand, format_option, library_option
from goldenpath.cli.commit_options import (
    approve_option,
    change_options,
    publish_options_of,
    review_of,
    review_options,
    show_published,
)
from goldenpath.cli.error_output import in_the_format_asked_for
from goldenpath.cli.plan_output import exit_code, show_proposal, watching
from goldenpath.cli.repository_options import open_fleet, read_requests, repository_options
from goldenpath.cli.signing_options import (
    open_provenance_signer,
    open_signer,
    provenance_signer_options,
)
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from goldenpath.fleet import Fleet

_NOT_DELIVERED = 2


@click.command(
    name="publish",
    cls=ExampleCommand,
    examples=(
        "goldenpath publish vision.yaml --repo https://git.example.org/platform/fleet.git",
        "goldenpath publish vision.yaml --repo . --dry-run",
        "goldenpath publish vision.yaml --repo git@github.com:example/fleet.git --pull-request",
        "goldenpath publish vision.yaml --repo . --approve sha256:…",
        "goldenpath publish --all --repo .",
        "goldenpath publish vision.yaml --repo . --artifact-key fleet.key",
        "goldenpath publish vision.yaml --repo . --artifact-key fleet.key --provenance-key provenance.key --builder https://ci.example.org/fleet",
    ),
)
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(dir_okay=False, allow_dash=True))
@repository_options
@click.option(
    "--all", "everything", is_flag=True, help="Render every tenant and platform in the repository again."
)
@click.option("--upgrade", is_flag=True, help="Take the newest version of each golden path.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing.")
@click.option(
    "--artifact-key",
    envvar="GOLDENPATH_ARTIFACT_KEY",
    show_envvar=True,
    metavar="FILE|pkcs11:…",
    help="The key that signs artifacts; with it, what changed goes to the fleet's registry after the commit.",
)
@provenance_signer_options
@approve_option
@review_options
@change_options
@library_option
@format_option("text", "json")
@click.pass_context
@in_the_format_asked_for
def command(
    ctx: click.Context,
    /,
    *,
    files: tuple[str, ...],
    place: str,
    branch: str | None,
    everything: bool,
    upgrade: bool,
    dry_run: bool,
    artifact_key: str | None,
    provenance_key: str | None,
    builder: str | None,
    libraries: tuple[Path, ...],
    output_format: str,
    **said: object,
) -> None:
    """Turn requests into a commit, or a pull request, of the fleet repository.

    FILE is a request (`-` reads it from standard input), or the fleet's goldenpath.yaml. Each is checked, rendered at
    the version that its lock pins, checked again, and committed with everything that follows from it. The same
    request again makes no commit. Where another commit moved the branch meanwhile, the publish works everything out anew.

    Refused, and nothing written: a check with an error (exit code 1); files that were edited by hand, a Namespace
    that would go, or more removals than a few (exit code 2).

    Credentials come from Git's own helpers and agents, or from GOLDENPATH_GIT_TOKEN; a forge's token from
    GOLDENPATH_FORGE_TOKEN or the forge's own variable.

    Where the fleet has `delivery`, and with --artifact-key, the signed artifacts of what changed follow the commit. A
    registry that is down loses nothing: the commit stands, and the message has the command that goes on (exit code 2).
    With --provenance-key, each of them also gets SLSA provenance.
    """
    if not files and not everything:
        raise click.UsageError("Name a FILE, or say --all.")
    options = publish_options_of(said, upgrade=upgrade)
    with open_fleet(place, branch, libraries) as fleet, watching("Publishing") as progress:
        requests = read_requests(files, lambda readable: fleet.plan(*readable, options=options))
        if dry_run:
            proposal = fleet.plan(*requests, everything=everything, options=options, progress=progress)
        else:
            up_for_review = review_of(fleet, said)
            keys = ArtifactKeys(artifact_key, provenance_key, builder)
            with _signers(fleet, keys, is_pushed=up_for_review is None) as signers:
                published = fleet.publish(
                    *requests, everything=everything, options=options, review=up_for_review, progress=progress
                )
                delivered = None if up_for_review is not None else deliver(fleet, place, keys, signers)
    if dry_run:
        show_proposal(proposal, output_format)
        ctx.exit(exit_code(proposal))
    show_published(published, output_format, delivered.as_dict() if delivered is not None else None)
    if delivered is not None:
        if output_format == "text":
            show_delivery(delivered)
        ctx.exit(_NOT_DELIVERED if delivered.error is not None else 0)


@contextmanager
def _signers(fleet: Fleet, keys: ArtifactKeys, *, is_pushed: bool) -> Iterator[Signers | None]:
    """Who signs artifacts; a key that cannot be used is refused before anything is committed."""
    if keys.artifact is None:
        for option, value in (("--provenance-key", keys.provenance), ("--builder", keys.builder)):
            if value is not None:
                raise InputError.of(option, "missing", "needs --artifact-key beside it", value)
    if keys.artifact is None or not is_pushed:
        yield None
        return
    check_deliverable(fleet, "--artifact-key")
    with (
        open_signer(keys.artifact, "--artifact-key") as signer,
        open_provenance_signer(keys.provenance, keys.builder, signer) as provenance,
    ):
        yield Signers(signer, provenance)
