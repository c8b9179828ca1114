"""``goldenpath lineage sign``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import ExampleCommand, fleet_option, format_option
from goldenpath.cli.echo import echo_json
from goldenpath.cli.signing_options import open_signer
from goldenpath.errors import ArtifactRefusedError, ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.cluster import ClusterClient

_REFUSED = 1


@click.command(
    name="sign",
    cls=ExampleCommand,
    examples=(
        "goldenpath lineage sign --fleet goldenpath.yaml --key pipeline.pem --context berlin",
        "goldenpath lineage sign --fleet /etc/goldenpath/goldenpath.yaml --key /signer/key.pem --in-cluster",
    ),
)
@fleet_option
@click.option(
    "--key",
    required=True,
    metavar="FILE|pkcs11:…",
    help="The private key of the fleet's builder, which signs only provenance.",
)
@click.option("--context", metavar="NAME", help="Context of the kubeconfig. Default: the current one.")
@click.option("--kubeconfig", metavar="FILE", help="The kubeconfig. Default: KUBECONFIG.")
@click.option("--in-cluster", is_flag=True, help="Connect with the service account of the command's own Pod.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    fleet_file: Path | None,
    key: str,
    context: str | None,
    kubeconfig: str | None,
    in_cluster: bool,
    output_format: str,
) -> None:
    """Sign the provenance of every finished run of a cluster, once.

    A platform's signer runs this command. It reads the Pods of all tenants, compares each finished run with the golden path's
    shape, finds the model by its digest, and attaches the signed provenance to it in the registry. Existing provenance stays.
    A refused run gets no provenance, and the command prints the reason.

    Exit code 0: every run is signed. 1: a run is refused. 2: the cluster or a registry cannot be used.
    """
    from goldenpath.cli.attestation_store import store_attestation  # noqa: PLC0415 - `--help` needs none of it
    from goldenpath.cli.lineage_inputs import builder_of  # noqa: PLC0415
    from goldenpath.cluster import connect  # noqa: PLC0415
    from goldenpath.provenance.finished_run import FinishedRun  # noqa: PLC0415
    from goldenpath.provenance.finished_runs import pods_of_runs  # noqa: PLC0415

    builder = builder_of(fleet_file)
    found: list[dict[str, Any]] = []
    with (
        connect(context, kubeconfig, in_cluster=in_cluster) as cluster,
        open_signer(key) as signer,
    ):
        for pods in pods_of_runs(_pods(cluster), builder):
            name = "/".join(str(pods[0]["metadata"].get(part, "")) for part in ("namespace", "name"))
            try:
                run = FinishedRun.of_pods(pods, builder)
                signed = store_attestation(run, signer) is not None
                entry = {"pod": name, "model": f"{run.repository}@{run.digest}", "signed": signed}
            except ArtifactRefusedError as error:
                entry = {"pod": name, "refused": error.rule, "message": str(error)}
            found.append(entry)
    if output_format == "json":
        echo_json({"format": "lineage-signed/v1", "runs": found})
    else:
        for entry in found:
            text = f"{entry['refused']}: {entry['message']}" if "refused" in entry else entry["model"]
            word = "refused" if "refused" in entry else "signed" if entry["signed"] else "unchanged"
            click.echo(f"{word}  {entry['pod']}  {text}")
    ctx.exit(_REFUSED if any("refused" in entry for entry in found) else 0)


def _pods(cluster: ClusterClient) -> Iterator[Mapping[str, Any]]:
    resource = cluster.find("v1", "Pod")
    if resource is None:
        raise ClusterError("the API server serves no Pods")
    yield from cluster.all_of(resource)
