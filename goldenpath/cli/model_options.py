"""Shared by the commands on models: the model's place, and its annotations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["existing_folder", "is_reference", "pairs", "signature_options"]

F = TypeVar("F", bound="Callable[..., Any]")


def signature_options(*, signature: str, annotation: str) -> Callable[[F], F]:
    """``--signature`` and ``--annotation``, each with its help."""

    def with_options(function: F) -> F:
        function = click.option(
            "--annotation", "annotations", multiple=True, metavar="KEY=VALUE", help=annotation
        )(function)
        path = click.Path(dir_okay=False, path_type=Path)
        return click.option("--signature", type=path, metavar="FILE", help=signature)(function)

    return with_options


def is_reference(target: str) -> bool:
    """Whether a model is in a registry, and not a folder."""
    return target.startswith("oci://")


def pairs(texts: Iterable[str], option: str, form: str) -> dict[str, str]:
    """What ``--option KEY=VALUE`` gave, each key once.

    Raises:
        InputError: a text has another form, or a key comes twice.
    """
    found: dict[str, str] = {}
    problems = []
    for text in texts:
        key, is_given, value = text.partition("=")
        if not is_given or not key or not value.strip():
            problems.append(Problem(option, "option", f"must be {form}", text))
        elif key in found:
            problems.append(Problem(option, "option", f"names {key} twice", text))
        found[key] = value
    if problems:
        raise InputError(problems)
    return found


def existing_folder(target: str) -> Path:
    """A model's folder.

    Raises:
        InputError: it is not there.
    """
    folder = Path(target)
    if not folder.is_dir():
        message = (
            "is neither a folder nor a reference such as oci://registry.example.org/models/chat@sha256:…"
        )
        raise InputError.of("", "no-folder", message, file=target)
    return folder
