"""``goldenpath conformance``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from goldenpath.cli.base_command import ExampleCommand, file_option, folder_option, format_option
from goldenpath.cli.cluster_options import cluster_options, connection
from goldenpath.cli.echo import echo_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from goldenpath.conformance import CheckResult


@click.command(
    name="conformance",
    cls=ExampleCommand,
    examples=(
        "goldenpath conformance --context eu-central",
        "goldenpath conformance --context eu-central --version 1.37 --probe --output v1.37/our-platform",
        "goldenpath conformance --accelerator-metrics http://localhost:9400/metrics --prometheus http://localhost:9090",
        "goldenpath conformance --validate v1.37/our-platform/PRODUCT.yaml",
    ),
)
@cluster_options
@click.option("--version", "version", metavar="X.Y", help="Version of the requirements. Default: the newest.")
@folder_option(
    "--output",
    help="Write the draft of a submission to this folder: PRODUCT.yaml, results.json and a page for each requirement.",
)
@click.option(
    "--probe",
    is_flag=True,
    help="Also test gang scheduling with short-lived objects in a namespace of their own.",
)
@click.option(
    "--accelerator-metrics",
    metavar="URL",
    help="URL of the accelerator exporter's metrics, such as a forwarded port.",
)
@click.option("--prometheus", metavar="URL", help="URL of Prometheus, such as a forwarded port.")
@folder_option(
    "--manifests",
    exists=True,
    help="Manifests that are applied to the cluster; a Pod that accesses a node's devices directly is a FAIL.",
)
@file_option(
    "--validate",
    "submission",
    exists=True,
    help="Check a PRODUCT.yaml with the official validator's rules, without a cluster.",
)
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    context: str | None,
    kubeconfig: str | None,
    version: str | None,
    output: Path | None,
    probe: bool,
    accelerator_metrics: str | None,
    prometheus: str | None,
    manifests: Path | None,
    submission: Path | None,
    output_format: str,
) -> None:
    """Collect evidence for Kubernetes AI Conformance from a live cluster.

    Each requirement is PASS, FAIL or SKIP. PASS means that the check saw it work. SKIP means that an API server cannot show
    it. Objects that goldenpath created on the cluster do not count. The pages hold command, output, time and verdict. Without
    --probe, nothing is changed.

    Exit code 0: no FAIL. 1: a check is FAIL. 2: the cluster cannot be read, or a submission is refused.
    """
    from goldenpath.conformance import known_versions, requirements_of  # noqa: PLC0415 - `--help` needs none of it

    if submission is not None:
        _validate(submission, version)
        return
    wanted = (version or known_versions()[-1]).removeprefix("v")
    requirements = requirements_of(wanted)
    from goldenpath.conformance import Verdict, check_cluster  # noqa: PLC0415
    from goldenpath.conformance.live_checks import Addresses  # noqa: PLC0415
    from goldenpath.conformance.manifest_checks import read_manifests  # noqa: PLC0415

    objects = read_manifests(manifests) if manifests is not None else ()
    addresses = Addresses(accelerator_metrics, prometheus, objects)
    with connection(context, kubeconfig) as cluster:
        server = cluster.version()
        results = check_cluster(
            cluster, requirements, now=lambda: dt.datetime.now(dt.UTC), addresses=addresses, probe=probe
        )
    _show(results, wanted, server, output_format)
    if output is not None:
        _write(output, results, wanted, server)
    ctx.exit(int(any(each.verdict is Verdict.FAIL for each in results)))


def _show(results: Sequence[CheckResult], version: str, server: str, output_format: str) -> None:
    if output_format == "json":
        document = {
            "format": "conformance/v1",
            "version": version,
            "kubernetes": server,
            "results": [each.as_dict() for each in results],
        }
        echo_json(document)
        return
    for each in results:
        level = each.requirement.levels[version]
        click.echo(f"{each.verdict.value.upper():5} {level:6} {each.requirement.id}: {each.reason}")


def _write(folder: Path, results: Sequence[CheckResult], version: str, server: str) -> None:
    from goldenpath import __version__  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.conformance.evidence_files import evidence_files  # noqa: PLC0415
    from goldenpath.errors import InputError  # noqa: PLC0415

    files = evidence_files(results, version=version, server=server, release=__version__)
    if folder.exists() and any(folder.iterdir()):
        raise InputError.of("--output", "not-empty", "is not an empty folder; name a new one", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    click.echo(f"Wrote {len(files)} files to {folder}", err=True)


def _validate(file: Path, version: str | None) -> None:
    from goldenpath.conformance import submission_problems  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.errors import InputError  # noqa: PLC0415

    if problems := submission_problems(file, version=version):
        raise InputError(problems)
    click.echo(f"{file}: the validator's rules accept it; the validator also requests every address")
