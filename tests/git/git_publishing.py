"""One commit through a store, and the history of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plain_git import git

from goldenpath.git import Credentials, Person, Store
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft

if TYPE_CHECKING:
    from pathlib import Path


def publish_one(
    place: str | Path, platform: Person, name: str, credentials: Credentials | None = None
) -> str:
    with Store.open(place, credentials=credentials) as store:
        written = BranchWriter(store, platform).submit(lambda _: CommitDraft({name: b"1\n"}, f"Add {name}"))
        assert written.commit == written.tip == store.tip()
        return written.commit or ""


def subjects(repository: Path) -> list[str]:
    return git(repository, "log", "--format=%s", "main").splitlines()
