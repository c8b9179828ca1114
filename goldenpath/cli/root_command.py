"""The root command: lists commands without importing them, and prints every failure as a message.

Exit codes: 0 success, 1 a finding is an error, 2 bad input or a failure. As in a shell, 130 stands for Ctrl-C and 141 for a
closed output pipe.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from goldenpath.cli.lazy_group import LazyGroup
from goldenpath.garbage_collection import collect_rarely

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["COMMANDS", "RootGroup", "cli", "main"]

COMMANDS: Final = {
    "paths": "List the golden paths and their purposes.",
    "schema": "Print the schema of a golden path's request.",
    "new": "Write a request, by questions or from given values.",
    "render": "Turn a request, or a fleet, into Kubernetes manifests.",
    "check": "Check requests, fleets and manifests, and show the fixes.",
    "plan": "Show what a publish would change, by tenant, cluster and object.",
    "publish": "Turn requests into a commit, or a pull request, of the fleet repository.",
    "fleet": "Start a fleet repository, list its tenants and workloads, and check all of it.",
    "blame": "Show the origin of a value: its source, its author and its date.",
    "retire": "Take a tenant or workload out of service in two steps: hold, and then delete.",
    "upgrade": "Upgrade tenants, workloads and platforms to another version of their golden path; hand edits are kept.",
    "migrate": "Migrate requests to a new major version of their golden path; comments stay.",
    "adopt": "Derive the request for a namespace that was created by hand.",
    "diff": "Compare a request, or a fleet, with the objects on its clusters.",
    "apply": "Apply a request, or a fleet, to its clusters, without GitOps.",
    "serve": "Serve golden paths over HTTP, for Backstage and for internal tools.",
    "mcp": "Serve goldenpath's tools to an assistant, over the Model Context Protocol.",
    "dataset": "Give datasets a digest, and verify them.",
    "model": "Pack models as images that nodes mount, sign them, and verify them.",
    "lineage": "Trace a model back to its datasets.",
    "artifacts": "Deliver a fleet's folders as signed OCI artifacts.",
    "status": "Show the state of tenants and workloads: Flux, drift, quota, accelerators, queue, identities and scalers.",
    "compliance": "Show which controls of security standards the fleet repository satisfies.",
    "conformance": "Collect evidence for Kubernetes AI Conformance from a live cluster.",
    "cluster": "Inspect a cluster.",
    "schemas": "Import schemas of kinds that goldenpath does not ship.",
    "doctor": "Check the installation, and the servers that goldenpath needs; changes nothing.",
    "profiles": "List the accelerators that a request can ask for.",
    "size": "Size an inference service: accelerators, parallelism, replicas and the threshold to scale on.",
    "simulate": "Simulate a scaling rule under a traffic: latency, goal, replicas and device hours.",
    "completion": "Print or install the completion script of a shell.",
}
"""The summary of every command, in the order of the help. The help of each command begins with the same sentence."""

_EXTRAS: Final = {
    "cryptography": "oci",
    "pkcs11": "pkcs11",
    "rfc3161_client": "keyless",
    "git": "library",
    "httpx": "forges",
    "kubernetes": "cluster",
    "urllib3": "cluster",
    **dict.fromkeys(
        ("fastapi", "httptools", "jwt", "prometheus_client", "sqlalchemy", "uvicorn"), "backstage"
    ),
    "psycopg": "postgres",
    **dict.fromkeys(("anyio", "mcp", "mcp_types"), "mcp"),
}
"""The extra that brings each library that a base install lacks."""

_FAILURE: Final = 2
_INTERRUPTED: Final = 130
_NO_READER: Final = 141


class RootGroup(LazyGroup):
    """The commands of :mod:`goldenpath.cli.commands`; turns every failure into a message and an exit code."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if _wants_no_color(os.environ):
            extra["color"] = False
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_stdout()
            ctx.exit(_NO_READER)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.Abort:
            click.echo("Interrupted.", err=True)
            sys.exit(_INTERRUPTED)
        except click.ClickException as error:
            error.show()
            sys.exit(_FAILURE)
        except Exception as error:  # noqa: BLE001 - the last handler; it shows a traceback only on request
            sys.exit(_failed(error))
        sys.exit(code if isinstance(code, int) else 0)


def _failed(error: Exception) -> int:
    from goldenpath.cli.error_output import show_error  # noqa: PLC0415 - `--help` needs no errors
    from goldenpath.errors import GoldenpathError  # noqa: PLC0415

    if isinstance(error, GoldenpathError):
        show_error(error)
        return error.exit_code
    if os.environ.get("GOLDENPATH_DEBUG"):
        raise error
    if isinstance(error, ModuleNotFoundError) and (extra := _EXTRAS.get((error.name or "").split(".")[0])):
        click.echo(f"This command needs an extra: pip install 'goldenpath[{extra}]'", err=True)
        return _FAILURE
    click.echo(f"goldenpath failed unexpectedly: {type(error).__name__}: {error}", err=True)
    click.echo("This is a bug of goldenpath; set GOLDENPATH_DEBUG=1 to see the traceback.", err=True)
    return _FAILURE


def _wants_no_color(environment: Mapping[str, str]) -> bool:
    """Whether NO_COLOR is set and not empty (no-color.org), or the terminal has no colours."""
    return bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"


def _discard_stdout() -> None:
    """Send buffered output to /dev/null, because Python's flush at exit would fail with a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    name="goldenpath",
    cls=RootGroup,
    package="goldenpath.cli.commands",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`goldenpath COMMAND --help` shows examples.",
)
@click.version_option(package_name="goldenpath", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn one short, checked request into everything an AI team needs on Kubernetes."""


def main() -> NoReturn:
    """Run the command line, and end the process with its exit code."""
    collect_rarely()
    cli.main(prog_name="goldenpath")
    raise AssertionError("click ends the process")
