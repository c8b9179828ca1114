"""Notes for objects that another program finishes before they are applied; few findings apply to such objects."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from goldenpath.cli.unfinished_files import (
    Kustomizations,
    has_kustomize_directive,
    has_variables,
    is_encrypted,
)
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.manifests import ManifestObject

__all__ = ["applies_to_unfinished", "unapplied_patch_note", "unfinished_note"]


def unfinished_note(item: ManifestObject, build_file: Path | None) -> Finding | None:
    """A note that another program finishes the object; None for a final object."""
    if build_file is not None:
        return _built_by_kustomize(item, build_file)
    if has_kustomize_directive(item.body):
        message = "a directive such as `$patch` makes this object a patch for kustomize, so only its field names were checked."
        return _note(
            item, "kustomize", message, "Check the built objects: kustomize build | goldenpath check -"
        )
    if is_encrypted(item.body):
        message = "SOPS has encrypted this object, so only its field names were checked."
        return _note(item, "encrypted", message, "Check the decrypted object.")
    if has_variables(item.body):
        message = "this object has a variable or a template that another program fills in, so only its field names were checked."
        return _note(item, "variables", message, "Check the object with the values filled in.")
    return None


def unapplied_patch_note(file: Path | None, item: ManifestObject, found: Iterable[Finding]) -> Finding | None:
    """A note that an incomplete object is probably a patch, because kustomize's build file does not name it."""
    if file is None or not any(finding.rule == "schema/required" for finding in found):
        return None
    build_file = Kustomizations.ignoring(file)
    if build_file is None:
        return None
    message = f"this object lacks required fields, and kustomize does not apply it ({os.path.relpath(build_file)} does not name it), so it counts as a patch."
    return _note(item, "kustomize", message, "Name the file in the build file, or complete the object.")


def _built_by_kustomize(item: ManifestObject, build_file: Path) -> Finding:
    message = f"kustomize changes this file before it is applied ({os.path.relpath(build_file)}), so it was not checked as a final object."
    fix = (
        f"Check the built objects: kustomize build {os.path.relpath(build_file.parent)} | goldenpath check -"
    )
    return _note(item, "kustomize", message, fix)


def _note(item: ManifestObject, rule: str, message: str, fix: str) -> Finding:
    return Finding(item.file, str(item), "", f"not-final/{rule}", Severity.NOTE, message, fix)


def applies_to_unfinished(finding: Finding) -> bool:
    """Whether a finding is also an error in an unfinished object, as an unknown field is."""
    last = finding.field.rpartition(".")[2]
    is_directive = last.startswith("$") or finding.field in {"sops", "[$patch]"}
    return finding.rule == "schema/unknown-field" and not is_directive
