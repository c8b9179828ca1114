"""Warn about files that a forge hides in reviews although a cluster runs them.

Older releases marked all of ``clusters/`` as generated in a new repository. Forges then show a reviewer the name of a
changed file, but not the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.findings import Finding, Severity
from goldenpath.git.attributes import attribute_values
from goldenpath.tenancy.repository_paths import CLUSTERS, LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.git import Snapshot

__all__ = ["check_folded_files"]

_FILE: Final = ".gitattributes"
_FOLDING: Final = {
    "linguist-generated": ("set", "true"),
    "gitlab-generated": ("set", "true"),
    "diff": ("unset",),
}
"""Attributes and values that hide a change: in GitHub, Gitea and Forgejo; in GitLab; in Git itself."""


def check_folded_files(snapshot: Snapshot, paths: Iterable[str]) -> Iterator[Finding]:
    """A warning for each ``.gitattributes`` that hides changes of files that clusters run.

    Args:
        snapshot: a commit of the repository.
        paths: files below ``clusters/``. Locks are skipped, because no cluster runs them.
    """
    applied = [path for path in paths if not path.endswith(f"/{LOCK_FILE}")]
    for folder in ("", f"{CLUSTERS}/"):
        entry = snapshot.find(f"{folder}{_FILE}")
        if entry is None or not entry.is_blob:
            continue
        inside = [path.removeprefix(folder) for path in applied]
        values = list(attribute_values(snapshot.blob(entry.id), _FOLDING, inside))
        hidden = {path: name for path, name, value in values if value in _FOLDING[name]}
        if hidden:
            (path, name), *_ = hidden.items()
            message = (
                f"hides {len(hidden)} of {len(applied)} files below {CLUSTERS}/ in reviews, such as {folder}{path}, with the "
                f"attribute {name}; Flux then applies changes that no reviewer has seen"
            )
            fix = f"Remove the line that matches this file; `{LOCK_FILE} linguist-generated` may stay."
            file = f"{folder}{_FILE}"
            yield Finding(file, f"File {file}", "", "folded-in-reviews", Severity.WARNING, message, fix)
