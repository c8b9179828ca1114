"""Prints JSON documents and lines on standard output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["echo_json", "echo_lines"]


def echo_json(document: Any, *, indent: int | None = 2) -> None:
    """Print a document as JSON; with ``indent=None`` on one line."""
    click.echo(json.dumps(document, indent=indent, ensure_ascii=False))


def echo_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print each line; with ``err`` on standard error."""
    for line in lines:
        click.echo(line, err=err)
