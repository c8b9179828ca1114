"""One Git repository on this machine: its objects and refs."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from goldenpath.errors import RepositoryError
from goldenpath.git.bounded_cache import BoundedCache
from goldenpath.git.cat_file import CatFile
from goldenpath.git.command import CommandError, environment, run
from goldenpath.git.object_reader import NO_ENTRIES, ObjectReader, wrong_kind
from goldenpath.git.objects import EMPTY_TREE, parse_commit, parse_tree
from goldenpath.git.pack_files import write_pack
from goldenpath.git.path_names import branch_ref
from goldenpath.git.refs import RefMover

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from goldenpath.git.objects import CommitInfo, PreparedObject, TreeEntry

_COMMIT_ID: Final = re.compile(r"[0-9a-f]{40}")
_CACHE_BYTES: Final = 64 << 20
# Memory of an entry (name, id, tuple, dictionary slot), measured with `tracemalloc` for 20 to 10,000 entries.
_BYTES_OF_AN_ENTRY: Final = 330
_BYTES_OF_A_TREE: Final = 500
# Values of `core.sharedRepository`, and the permissions that each adds to the mode of a pack.
_SHARED: Final = {"group": 0o040, "true": 0o040, "1": 0o040, "all": 0o044, "world": 0o044, "2": 0o044}
_PACKS_KEPT: Final = 50
_HOUSEKEEPING_SECONDS: Final = 600


class Repository(ObjectReader):
    """A Git repository, bare or with a work tree; thread-safe. Close it, or use it in ``with``.

    Attributes:
        path: the work tree's root, or the folder of a bare repository.
        git_dir: the folder with this work tree's HEAD and index.
        common_dir: the folder with objects and refs. It differs from ``git_dir`` in a linked work tree.
        bare: whether the repository has no work tree.
        refs: moves its refs.
    """

    def __init__(self, path: Path, git_dir: Path, common_dir: Path, *, bare: bool, shared: str) -> None:
        self.path = path
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.bare = bare
        self._pack_mode = _SHARED.get(
            shared.lower(), int(shared, 8) if re.fullmatch("0[0-7]+", shared) else 0
        )
        self.refs = RefMover(git_dir)
        self._cat_file = CatFile(git_dir)
        self._cache: BoundedCache[Mapping[str, TreeEntry]] = BoundedCache(_CACHE_BYTES, _memory_of)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the repository at a folder: a work tree's root, or a bare repository.

        Raises:
            RepositoryError: the folder is no repository, Git does not trust its owner, or it uses SHA-256.
        """
        path = Path(path).absolute()
        if path.name == ".git":
            path = path.parent
        # The ceiling excludes repositories in the folders above.
        env = environment(variables={"GIT_CEILING_DIRECTORIES": str(path.resolve().parent)})
        question = (
            *("git", "rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"),
            *("--is-bare-repository", "--show-object-format"),
        )
        answer = run(question, folder=path, env=env, doing=f"opening {path}").decode(errors="surrogateescape")
        try:
            git_dir, common_dir, bare, names = answer.splitlines()
        except ValueError:
            raise RepositoryError("Git is too old: 2.31 or newer is needed") from None
        if names != "sha1":
            raise RepositoryError(
                f"{path}: the repository uses {names.upper()}; goldenpath publishes only to SHA-1 repositories"
            )
        shared = ""
        with suppress(CommandError):
            shared = run(("git", "config", "--get", "core.sharedRepository"), folder=path, env=env).decode()
        return cls(path, Path(git_dir), Path(common_dir), bare=bare == "true", shared=shared.strip())

    @classmethod
    def create(cls, path: Path, *, bare: bool = False, branch: str = "main") -> Self:
        """Create a repository without commits. Its folder may exist.

        Raises:
            InputError: the name of the branch is invalid.
            RepositoryError: the folder or the repository cannot be created.
        """
        branch_ref(branch)
        path = Path(path).absolute()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RepositoryError(f"{path} cannot be created: {error.strerror}") from error
        kind = ("--bare",) if bare else ()
        # No template: it could contain unreviewed hooks and settings.
        settings = (("init.defaultBranch", branch), ("init.defaultObjectFormat", "sha1"))
        command = ("git", "init", "--quiet", "--template=", "--object-format=sha1", *kind, ".")
        run(command, folder=path, env=environment(settings), doing=f"creating a repository at {path}")
        return cls.open(path)

    def close(self) -> None:
        """End the Git processes of this repository. The next use starts new ones."""
        self._cat_file.close()
        self.refs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def git(self, *arguments: str, doing: str = "", time_out: float = 120) -> bytes:
        """Run Git on this repository's objects and refs. Return its stdout.

        Raises:
            CommandError: Git ended with an error.
            RepositoryUnavailableError: Git took longer than ``time_out`` seconds.
        """
        command = ("git", f"--git-dir={self.git_dir}", *arguments)
        return run(
            command,
            folder=self.git_dir,
            env=environment(),
            time_out=time_out,
            doing=doing or f"git {arguments[0]}",
        )

    def read_many(self, ids: Iterable[str], kind: str) -> Iterator[tuple[str, bytes]]:
        for found in self._cat_file.read(ids):
            self._require_kind(found.name, found.kind, kind)
            yield found.name, found.data

    def entries(self, tree: str) -> Mapping[str, TreeEntry]:
        kept = self._cache.get(tree)
        return super().entries(tree) if kept is None else kept

    def trees(self, ids: Iterable[str]) -> Iterator[Mapping[str, TreeEntry]]:
        wanted = list(ids)
        kept: dict[str, Mapping[str, TreeEntry]] = {
            tree: entries for tree in wanted if (entries := self._cache.get(tree)) is not None
        }
        kept[EMPTY_TREE] = NO_ENTRIES
        missing = self.read_many((tree for tree in wanted if tree not in kept), "tree")
        for tree in wanted:
            entries = kept.get(tree)
            if entries is None:
                entries = MappingProxyType(parse_tree(next(missing)[1]))
                self._cache.put(tree, entries)
            yield entries

    def require(self, ids: Iterable[str], kind: str) -> None:
        """Check that all of these objects exist and are of this kind, without reading them.

        Raises:
            RepositoryError: an object is missing or of another kind.
        """
        for found in self._cat_file.look(ids):
            self._require_kind(found.name, found.kind, kind)

    def _require_kind(self, name: str, found: str, wanted: str) -> None:
        if not found:
            raise RepositoryError(f"{self.path}: the {wanted} {name} is missing; run `git fsck`")
        if found != wanted:
            raise wrong_kind(name, found, wanted)

    def resolve(self, ref: str) -> str | None:
        """The commit of a branch name, a full ref (``refs/...``, ``HEAD``) or a commit id; None if there is none.

        Raises:
            InputError: the ref has none of these forms.
        """
        if ref.startswith("refs/"):
            branch_ref(ref)
        elif ref != "HEAD" and not _COMMIT_ID.fullmatch(ref):
            ref = branch_ref(ref)
        return next(self._cat_file.look((f"{ref}^{{commit}}",))).id or None

    def head(self) -> str | None:
        """The branch that HEAD names; None if HEAD is a commit."""
        try:
            ref = self.git("symbolic-ref", "--quiet", "HEAD").decode().strip()
        except CommandError:
            return None
        return ref.removeprefix("refs/heads/")

    def branches(self, prefix: str) -> tuple[str, ...]:
        """The names of the branches that begin with a prefix."""
        answer = self.git("for-each-ref", "--format=%(refname)", "refs/heads/").decode(
            errors="surrogateescape"
        )
        names = (ref.removeprefix("refs/heads/") for ref in answer.splitlines())
        return tuple(name for name in names if name.startswith(prefix))

    def log(
        self, ref: str, *, paths: Iterable[str] = (), limit: int | None = None, first_parent: bool = False
    ) -> Iterator[CommitInfo]:
        """The history of a ref, newest commit first. ``paths`` selects the commits that touch one of them.

        With ``first_parent``, a merged branch appears as its merge commit only.
        """
        commit = self.resolve(ref)
        if commit is None:
            return
        count = [] if limit is None else [f"--max-count={limit}"]
        only = ["--first-parent"] if first_parent else []
        ids = self.git("rev-list", *count, *only, commit, "--", *paths).decode().split()
        for name, data in self.read_many(ids, "commit"):
            yield parse_commit(name, data)

    def count_commits(self, commit: str) -> int:
        """The number of commits in the history of a commit, itself included, over every parent."""
        return int(self.git("rev-list", "--count", commit, "--"))

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``new`` is ``old`` or a descendant of ``old``."""
        try:
            self.git("merge-base", "--is-ancestor", old, new)
        except CommandError as error:
            if error.code == 1:
                return False
            raise
        return True

    def write(
        self, objects: Collection[PreparedObject], trees: Mapping[str, Mapping[str, TreeEntry]]
    ) -> None:
        """Write new objects durably, all or none, and cache the entries of new trees.

        Raises:
            RepositoryError: the disk is full or read-only.
        """
        write_pack(self.common_dir / "objects" / "pack", objects, more_mode=self._pack_mode)
        for tree, entries in trees.items():
            self._cache.put(tree, entries)

    def tidy(self) -> None:
        """Merge small packs once there are many: each publish adds one, and Git searches all of them.

        Git rewrites only packs that are small compared with the next larger one. The mean cost for a publish is about
        a millisecond, independent of the size of the repository. No object is removed.
        """
        with suppress(OSError, RepositoryError):
            kinds = Counter(name.suffix for name in (self.common_dir / "objects" / "pack").iterdir())
            if kinds[".idx"] - kinds[".keep"] > _PACKS_KEPT:
                self.git("repack", "-d", "-q", "--geometric=2", time_out=_HOUSEKEEPING_SECONDS)


def _memory_of(entries: Mapping[str, TreeEntry]) -> int:
    return _BYTES_OF_A_TREE + _BYTES_OF_AN_ENTRY * len(entries)
