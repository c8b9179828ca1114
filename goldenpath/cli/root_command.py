"""The root command: it finds commands without importing them, and ends every failure in words.

Exit codes: 0 fine, 1 findings of severity error, 2 bad input or a failure. As in a shell, 130 stands for
Ctrl-C and 141 for a reader that went away.
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
    "paths": "List the golden paths, and what each is for.",
    "schema": "Print the schema of a golden path's request.",
    "new": "Write a request, by questions or from given values.",
    "render": "Turn a request, or a fleet, into Kubernetes manifests.",
    "check": "Check requests, fleets and manifests, and say what to fix.",
    "plan": "Show what publishing would change, by tenant, cluster and object.",
    "publish": "Turn requests into a commit, or a pull request, of the fleet repository.",
    "fleet": "Start a fleet repository, list its tenants and workloads, and check the whole of it.",
    "blame": "Show where a value comes from, who set it, and since when.",
    "retire": "Take a tenant or workload out of service in two steps: hold, and then delete.",
    "upgrade": "Bring tenants, workloads and platforms to another version of their golden path; hand edits are kept.",
    "migrate": "Bring requests to a new major version of their golden path; comments stay.",
    "adopt": "Derive the request for a namespace that was made by hand.",
    "diff": "Compare a request, or a fleet, with what its clusters have.",
    "apply": "Apply a request, or a fleet, to its clusters, without GitOps.",
    "serve": "Serve golden paths over HTTP, for Backstage and for internal tools.",
    "mcp": "Serve goldenpath's tools to an assistant, over the Model Context Protocol.",
    "dataset": "Give datasets a digest, and verify them.",
    "model": "Pack models as images that nodes mount, sign them, and verify them.",
    "lineage": "Follow a model back to its datasets.",
    "artifacts": "Deliver a fleet's folders as signed OCI artifacts.",
    "status": "Show how tenants and workloads are: Flux, drift, quota, accelerators, queue, identities and scalers.",
    "compliance": "Show which controls of security standards the fleet repository satisfies.",
    "conformance": "Collect evidence for Kubernetes AI Conformance from a live cluster.",
    "cluster": "Look at what a cluster has.",
    "schemas": "Bring in schemas of kinds that goldenpath does not ship.",
    "doctor": "Report what is installed, reachable and missing; changes nothing.",
    "profiles": "List the accelerators that a request can ask for.",
    "size": "Size an inference service: accelerators, parallelism, replicas and the threshold to scale on.",
    "simulate": "Show what a scaling rule does with a traffic: latency, goal, replicas and device hours.",
    "completion": "Print or install the completion script of a shell.",
}
"""Every command, in the order in which a person meets them; its own module says the same sentence first."""

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
"""For each library that a base install lacks: the extra that brings it."""

_FAILURE: Final = 2
_INTERRUPTED: Final = 130
_NO_READER: Final = 141


class RootGroup(LazyGroup):
    """The commands of :mod:`goldenpath.cli.commands`, and how every one of them ends."""

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
            _forget_stdout()
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
        except Exception as error:  # noqa: BLE001 - this is the last place: a traceback is shown on request only
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
        click.echo(
            f"This command needs more than a base install: pip install 'goldenpath[{extra}]'", err=True
        )
        return _FAILURE
    click.echo(f"goldenpath failed unexpectedly: {type(error).__name__}: {error}", err=True)
    click.echo("This is a bug of goldenpath; GOLDENPATH_DEBUG=1 shows where.", err=True)
    return _FAILURE


def _wants_no_color(environment: Mapping[str, str]) -> bool:
    """No-color.org: set and not empty; and a terminal that cannot."""
    return bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"


def _forget_stdout() -> None:
    """Let what is still buffered go nowhere: at exit Python would try to flush it, and complain."""
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
