"""``goldenpath publish``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from goldenpath.cli.artifact_delivery import ArtifactKeys, Signers, check_deliverable, deliver, show_delivery
from goldenpath.cli.base_command import ExampleCommand
from goldenpath.cli.commit_options import (
    approve_option,
    change_options,
    dry_run_option,
    publish_options_of,
    review_of,
    review_options,
    show_published,
)
from goldenpath.cli.plan_output import exit_code, show_proposal, watching
from goldenpath.cli.repository_options import fleet_command, read_requests
from goldenpath.cli.signing_options import (
    open_provenance_signer,
    open_signer,
    provenance_signer_options,
)
from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.cli.repository_options import FleetTarget
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
@click.option(
    "--all", "everything", is_flag=True, help="Render every tenant and platform in the repository again."
)
@click.option("--upgrade", is_flag=True, help="Use the newest version of each golden path.")
@dry_run_option
@click.option(
    "--artifact-key",
    envvar="GOLDENPATH_ARTIFACT_KEY",
    show_envvar=True,
    metavar="FILE|pkcs11:…",
    help="The key that signs artifacts; with it, the publish also pushes changed artifacts to the fleet's registry.",
)
@provenance_signer_options
@approve_option
@review_options
@change_options
@click.pass_context
@fleet_command("text", "json", has_at=False)
def command(
    ctx: click.Context,
    /,
    *,
    files: tuple[str, ...],
    target: FleetTarget,
    everything: bool,
    upgrade: bool,
    dry_run: bool,
    artifact_key: str | None,
    provenance_key: str | None,
    builder: str | None,
    output_format: str,
    **given: object,
) -> None:
    """Turn requests into a commit, or a pull request, of the fleet repository.

    FILE is a request (`-` reads it from standard input), or the fleet's goldenpath.yaml. Each request is checked, rendered
    at the version that its lock pins, checked again, and committed with its rendered files. An unchanged request makes no
    commit. If another commit moves the branch meanwhile, the publish renders and checks everything again.

    A publish is refused, and writes nothing, if a check has an error (exit code 1), or if it would overwrite hand edits,
    remove a Namespace, or remove more than a few objects (exit code 2).

    Git credentials come from Git's own helpers and agents, or from GOLDENPATH_GIT_TOKEN. A forge's token comes from
    GOLDENPATH_FORGE_TOKEN or the forge's own variable.

    If the fleet has `delivery`, --artifact-key also pushes the signed artifacts of the change after the commit. If the
    registry is down, the commit stays, and the message has the command that pushes the artifacts later (exit code 2). With
    --provenance-key, each artifact also gets SLSA provenance.
    """
    if not files and not everything:
        raise click.UsageError("Name a FILE, or give --all.")
    options = publish_options_of(given, upgrade=upgrade)
    with target.open() as fleet, watching("Publishing") as progress:
        requests = read_requests(files, lambda readable: fleet.plan(*readable, options=options))
        if dry_run:
            proposal = fleet.plan(*requests, everything=everything, options=options, progress=progress)
        else:
            review = review_of(fleet, given)
            keys = ArtifactKeys(artifact_key, provenance_key, builder)
            with _signers(fleet, keys, is_pushed=review is None) as signers:
                published = fleet.publish(
                    *requests, everything=everything, options=options, review=review, progress=progress
                )
                delivered = deliver(fleet, target.place, keys, signers) if review is None else None
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
    """Open the signers of artifacts, so that a key that cannot be used is refused before the commit."""
    if keys.artifact is None:
        for option, value in (("--provenance-key", keys.provenance), ("--builder", keys.builder)):
            if value is not None:
                raise InputError.of(option, "missing", "needs --artifact-key", value)
    if keys.artifact is None or not is_pushed:
        yield None
        return
    check_deliverable(fleet, "--artifact-key")
    with (
        open_signer(keys.artifact, "--artifact-key") as signer,
        open_provenance_signer(keys.provenance, keys.builder, signer) as provenance,
    ):
        yield Signers(signer, provenance)
