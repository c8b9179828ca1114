"""Objects that another program finishes before they are applied: a note says so, and few findings hold anyway."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from goldenpath.cli.unfinished_files import (
    Kustomizations,
    has_variables,
    is_encrypted,
    kustomize_directive,
)
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.manifests import ManifestObject

__all__ = ["holds_anyway", "not_final", "patch_beside"]


def not_final(item: ManifestObject, build_file: Path | None) -> Finding | None:
    """A note that another program finishes the object before it is applied; None where no program does."""
    if build_file is not None:
        return _built_by_kustomize(item, build_file)
    if kustomize_directive(item.body):
        message = "a directive such as `$patch` makes this a patch for kustomize, so only the names of its fields were checked."
        return _note(
            item, "kustomize", message, "Check the built objects: kustomize build | goldenpath check -"
        )
    if is_encrypted(item.body):
        message = "SOPS has encrypted this, so only the names of its fields were checked."
        return _note(item, "encrypted", message, "Check the decrypted object.")
    if has_variables(item.body):
        message = "a variable or a template is filled in before this is applied, so only the names of its fields were checked."
        return _note(item, "variables", message, "Check it with the values filled in.")
    return None


def patch_beside(file: Path | None, item: ManifestObject, found: Iterable[Finding]) -> Finding | None:
    """A note that an object without required fields is a patch: it is in a folder of kustomize that does not apply it."""
    if file is None or not any(finding.rule == "schema/required" for finding in found):
        return None
    build_file = Kustomizations.beside(file)
    if build_file is None:
        return None
    message = f"this lacks fields that its kind needs, and kustomize does not apply it ({os.path.relpath(build_file)} does not name it), so it was taken for a patch."
    return _note(item, "kustomize", message, "Name it in the build file, or complete it.")


def _built_by_kustomize(item: ManifestObject, build_file: Path) -> Finding:
    message = f"kustomize changes this file before it is applied ({os.path.relpath(build_file)}), so it was not checked as a final object."
    fix = (
        f"Check the built objects: kustomize build {os.path.relpath(build_file.parent)} | goldenpath check -"
    )
    return _note(item, "kustomize", message, fix)


def _note(item: ManifestObject, rule: str, message: str, fix: str) -> Finding:
    return Finding(item.file, str(item), "", f"not-final/{rule}", Severity.NOTE, message, fix)


def holds_anyway(finding: Finding) -> bool:
    """Whether a finding also holds of an object that is not final: an unknown field stays wrong."""
    last = finding.field.rpartition(".")[2]
    is_directive = last.startswith("$") or finding.field in {"sops", "[$patch]"}
    return finding.rule == "schema/unknown-field" and not is_directive
