"""The options of commands on models: the model's place, the signature file and the annotations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.base_command import together
from goldenpath.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["existing_folder", "is_reference", "pairs", "signature_options"]


def signature_options(*, signature: str, annotation: str) -> Callable[[Any], Any]:
    """``--signature`` and ``--annotation``, each with its help."""
    path = click.Path(dir_okay=False, path_type=Path)
    return together(
        click.option("--signature", type=path, metavar="FILE", help=signature),
        click.option("--annotation", "annotations", multiple=True, metavar="KEY=VALUE", help=annotation),
    )


def is_reference(target: str) -> bool:
    """Whether a target is a model in a registry, not a folder."""
    return target.startswith("oci://")


def pairs(texts: Iterable[str], option: str, form: str) -> dict[str, str]:
    """Parse the values of an option ``KEY=VALUE``, each key once.

    Raises:
        InputError: a text does not have this form, or a key appears twice.
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
        InputError: the folder does not exist.
    """
    folder = Path(target)
    if not folder.is_dir():
        message = "must be a folder, or a reference such as oci://registry.example.org/models/chat@sha256:…"
        raise InputError.of("", "no-folder", message, file=target)
    return folder
