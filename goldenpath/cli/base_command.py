"""Examples in the help of commands, and the options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from goldenpath.cli import completion_items

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ExampleCommand",
    "cluster_option",
    "file_option",
    "fleet_option",
    "folder_option",
    "format_option",
    "library_option",
    "repeatable_option",
    "schemas_option",
    "today_option",
    "together",
]

F = TypeVar("F", bound="Callable[..., Any]")

LIBRARY_VARIABLE: Final = "GOLDENPATH_LIBRARY"
SCHEMAS_VARIABLE: Final = "GOLDENPATH_SCHEMAS"


def together(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Combine options into one decorator; the help lists them in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class ExampleCommand(click.Command):
    """A command whose help ends with examples, one command line each."""

    def __init__(self, *args: Any, examples: tuple[str, ...], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


def file_option(*names: str, exists: bool = False, **settings: Any) -> Callable[[F], F]:
    """An option whose value is a file, as a ``Path``."""
    path = click.Path(exists=exists, dir_okay=False, path_type=Path)
    return click.option(*names, type=path, metavar="FILE", **settings)


def folder_option(*names: str, exists: bool = False, **settings: Any) -> Callable[[F], F]:
    """An option whose value is a folder, as a ``Path``."""
    path = click.Path(exists=exists, file_okay=False, path_type=Path)
    return click.option(*names, type=path, metavar="DIR", **settings)


def repeatable_option(flag: str, name: str, **settings: Any) -> Callable[[F], F]:
    """An option that may be given again; the command gets all values as a tuple."""
    settings["help"] += "; may be given again."
    return click.option(flag, name, multiple=True, **settings)


fleet_option = file_option(
    "--fleet",
    "fleet_file",
    help="Fleet file. Default: goldenpath.yaml here or in a folder above.",
)

cluster_option = click.option(
    "--cluster", metavar="NAME", shell_complete=completion_items.clusters, help="Only this cluster."
)


class _LibraryFolder(click.Path):
    """A folder, or a folder of a Git repository, which is fetched first."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).startswith("git+"):
            return super().convert(value, param, ctx)
        from goldenpath.errors import GoldenpathError  # noqa: PLC0415 - `--help` needs no Git
        from goldenpath.library_sources import LibrarySource, folder_of  # noqa: PLC0415

        try:
            return folder_of(LibrarySource.parse(str(value)))
        except GoldenpathError as error:
            self.fail(str(error), param, ctx)

    def split_envvar_value(self, rv: str) -> Any:
        return rv.split() if "git+" in rv else super().split_envvar_value(rv)


library_option = click.option(
    "--library",
    "libraries",
    type=_LibraryFolder(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    envvar=LIBRARY_VARIABLE,
    metavar="DIR|git+URL@REF",
    help=f"Folder with your own golden paths, which come before the built-in ones; also in a Git repository (git+URL@TAG#folder). May be given again (or {LIBRARY_VARIABLE}).",
)

schemas_option = click.option(
    "--schemas",
    "schema_folders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    envvar=SCHEMAS_VARIABLE,
    metavar="DIR",
    help=f"Folder of `goldenpath schemas import`, which comes before the built-in schemas. May be given again (or {SCHEMAS_VARIABLE}).",
)


today_option = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Compare expiry dates with this day. Default: today.",
)


def format_option(*formats: str) -> Callable[[F], F]:
    """``--format``; the first format is for people, and the default."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Output format; the first is for people.",
    )
