"""A remote repository, reached with Git's own transports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from goldenpath.errors import RefMovedError, RepositoryError, RepositoryUnavailableError
from goldenpath.git.command import CommandError, environment, error_line, run
from goldenpath.git.git_credentials import Credentials
from goldenpath.git.path_names import branch_ref
from goldenpath.git.refs import REF_MOVED
from goldenpath.git.remote_address import parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from goldenpath.git.git_repository import Repository
    from goldenpath.git.refs import RefUpdate

# Git has no exit codes for these cases. Its messages are English because LC_ALL is C.
_UNAVAILABLE: Final = re.compile(
    r"""(?ix) could\ not\ (resolve|connect) | couldn't\ connect | failed\ to\ connect | unable\ to\ connect
    | connection\ (refused|reset|timed\ out|closed|was\ reset) | timed?\ ?-?out | network\ is\ unreachable
    | no\ route\ to\ host | temporary\ failure | early\ eof | hung\ up | unexpected\ (disconnect|eof)
    | returned\ error:\ (429|5\d\d) | http\ (429|5\d\d) | empty\ reply | transfer\ closed | operation\ too\ slow
    | rpc\ failed | broken\ pipe | unable\ to\ create\ '.*\.lock' | recv\ failure | send\ failure | bad\ gateway
    """
)
_DENIED: Final = re.compile(
    r"(?i)authentication failed|could not read (username|password)|permission denied|returned error: 40[13]"
    r"|invalid username or|access denied|terminal prompts disabled"
)
# An answer to a push has one line per ref: ``flag TAB from:to TAB summary (reason)``.
_REJECTED: Final = re.compile(rb"^!\t", re.MULTILINE)
_MOVED: Final = re.compile(r"stale info|fetch first|non-fast-forward|already exists|needs force")


class Remote:
    """A repository at a URL. Messages from Git contain no credentials.

    Args:
        url: http, https, ssh, git, file or ``user@host:path``. A user and a password are removed from it at once.
        credentials: the login; by default the one in the URL, or Git's own helpers and ssh's agent.
        time_out: seconds for each exchange.

    Raises:
        InputError: the URL is invalid.
    """

    def __init__(self, url: str, credentials: Credentials | None = None, *, time_out: float = 120) -> None:
        address = parse_url(url)
        self.url = address.url
        self._credentials = credentials or address.credentials or Credentials()
        self._time_out = time_out

    def __repr__(self) -> str:
        return f"Remote({self.url!r})"

    def default_branch(self) -> str | None:
        """The branch that a clone checks out; None if the remote is empty."""
        answer = self._run("ls-remote", "--symref", "--", self.url, "HEAD")
        for line in answer.decode(errors="replace").splitlines():
            if line.startswith("ref: refs/heads/"):
                return line.split("\t")[0].removeprefix("ref: refs/heads/")
        return None

    def heads(self, branches: Iterable[str]) -> dict[str, str | None]:
        """The current commit of each branch, or None if the remote has no such branch."""
        refs = {branch_ref(branch): branch for branch in branches}
        answer = self._run("ls-remote", "--", self.url, *refs).decode(errors="replace")
        there = {ref: commit for commit, _, ref in (line.partition("\t") for line in answer.splitlines())}
        return {branch: there.get(ref) for ref, branch in refs.items()}

    def branches(self, prefix: str) -> tuple[str, ...]:
        """The names of the branches that begin with a prefix. The prefix is not a pattern."""
        answer = self._run("ls-remote", "--heads", "--", self.url, f"refs/heads/{prefix}*").decode(
            errors="replace"
        )
        names = (line.partition("\trefs/heads/")[2] for line in answer.splitlines())
        return tuple(name for name in names if name.startswith(prefix))

    def fetch(self, repository: Repository, branch: str) -> str | None:
        """Fetch a branch under the same name. Return its commit, or None if the remote has no such branch.

        The local branch becomes the remote's, also if that is no fast-forward.

        Raises:
            RefMovedError: another process fetches the branch at the same time.
            RepositoryUnavailableError: the remote did not answer.
            RepositoryError: the remote refused.
        """
        ref = branch_ref(branch)
        options = (
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-show-forced-updates",
        )
        try:
            self._run("fetch", *options, "--", self.url, f"+{ref}:{ref}", repository=repository)
        except CommandError as error:
            if "couldn't find remote ref" in error.text:
                return None
            if REF_MOVED.search(error.text) or "cannot lock ref" in error.text:
                raise RefMovedError(str(error)) from error
            raise
        return repository.resolve(ref)

    def push(self, repository: Repository, updates: Sequence[RefUpdate]) -> None:
        """Move refs of the remote, all or none, if each is at ``old`` or already at ``new``.

        Raises:
            RefMovedError: a ref is elsewhere, because another push came first.
            RepositoryUnavailableError: the remote did not answer, or is busy. It may still have moved the refs.
            RepositoryError: the remote refused; the message quotes the remote, such as the output of a hook.
        """
        leases = [f"--force-with-lease={update.ref}:{update.old or ''}" for update in updates]
        moves = [f"{update.new or ''}:{update.ref}" for update in updates]
        options = ("--porcelain", "--atomic", "--no-verify", "--no-signed", "--no-progress")
        try:
            self._run("push", *options, *leases, "--", self.url, *moves, repository=repository)
        except CommandError as error:
            raise self._refusal(error) if _REJECTED.search(error.output) else error from error.__cause__

    def _run(self, *arguments: str, repository: Repository | None = None) -> bytes:
        env = environment(self._credentials.settings(self.url), self._credentials.variables())
        where = (f"--git-dir={repository.git_dir}",) if repository else ()
        doing = f"{self.url}: git {arguments[0]}"
        try:
            return run(
                ("git", *where, *arguments),
                folder=repository.git_dir if repository else None,
                env=env,
                time_out=self._time_out,
                hide=self._credentials.hide,
                doing=doing,
            )
        except CommandError as error:
            if _REJECTED.search(error.output):
                raise
            if _DENIED.search(error.text):
                raise RepositoryError(f"{error}; pass credentials that have this permission") from error
            if _UNAVAILABLE.search(error.text):
                raise RepositoryUnavailableError(str(error)) from error
            raise

    def _refusal(self, error: CommandError) -> RepositoryError:
        """The error for a rejected push."""
        lines = self._credentials.hide(error.output.decode(errors="replace")).splitlines()
        rows = [line.split("\t") for line in lines if line.startswith("!\t")]
        reasons = [
            f"{row[1].partition(':')[2]}: {row[2]}" for row in rows if "atomic push failed" not in row[2]
        ]
        shown = "; ".join(reasons) or "refused"
        theirs = error_line("\n".join(line for line in error.text.splitlines() if line.startswith("remote:")))
        message = f"{self.url}: {shown}" + (f" ({theirs})" if theirs else "")
        if any(_MOVED.search(reason) for reason in reasons) or REF_MOVED.search(error.text):
            return RefMovedError(message)
        if _UNAVAILABLE.search(error.text) or any("[remote failure]" in reason for reason in reasons):
            return RepositoryUnavailableError(message)
        return RepositoryError(message)
