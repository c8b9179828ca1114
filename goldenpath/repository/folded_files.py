"""Files that a forge folds away in reviews, although a cluster runs them.

A repository that an older release started marks all of ``clusters/`` as generated. A reviewer then sees the name of a
changed file and not the change.
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
"""Attributes that hide a change, with the values that do: of GitHub, Gitea and Forgejo; of GitLab; of Git itself."""


def check_folded_files(snapshot: Snapshot, paths: Iterable[str]) -> Iterator[Finding]:
    """A warning for each ``.gitattributes`` that hides changes of what clusters run.

    Args:
        snapshot: a commit of the repository.
        paths: files below ``clusters/``; locks among them are passed over, since no cluster runs them.
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
                f"hides {len(hidden)} of {len(applied)} files below {CLUSTERS}/ in reviews, such as {folder}{path}, by the "
                f"attribute {name}: Flux applies what no reviewer saw"
            )
            fix = f"Remove the line that matches it; `{LOCK_FILE} linguist-generated` may stay."
            yield Finding(
                f"{folder}{_FILE}",
                f"File {folder}{_FILE}",
                "",
                "folded-in-reviews",
                Severity.WARNING,
                message,
                fix,
            )
