"""A fleet repository, and every verb on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from goldenpath.errors import InputError, RepositoryError
from goldenpath.fleet.fleet_context import FleetContext
from goldenpath.fleet.fleet_state import FleetContexts, FleetState
from goldenpath.fleet.fleet_summary import summarize
from goldenpath.fleet.initial_files import starter_fleet
from goldenpath.fleet.new_repository import first_commit, first_plan, make_repository
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.proposal_builder import Proposer
from goldenpath.fleet.proposal_coherence import OtherTenants
from goldenpath.fleet.proposal_committer import ProposalCommitter
from goldenpath.fleet.publish_options import PublishOptions
from goldenpath.fleet.request_detail import request_detail
from goldenpath.fleet.retirement import deletion, hold_request
from goldenpath.fleet.submitted_request import Submission
from goldenpath.fleet.validation import validate
from goldenpath.git import Person, Store, is_url
from goldenpath.intake import builtin_library
from goldenpath.repository.branch_writer import BranchWriter, CommitDraft
from goldenpath.repository.promise_cache import PromiseCache
from goldenpath.repository.promise_index import PromiseIndex
from goldenpath.spec.ref import Ref
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Mapping

    from goldenpath.fleet.change_rendering import Progress
    from goldenpath.fleet.fleet_summary import FleetSummary
    from goldenpath.fleet.proposal_committer import Published
    from goldenpath.fleet.request_detail import RequestDetail
    from goldenpath.fleet.review_branch import Review
    from goldenpath.fleet.validation import Validation
    from goldenpath.git import CommitSigner, Credentials, Snapshot
    from goldenpath.paths import Library
    from goldenpath.spec.document_model import Document

    Asked = Submission | Document | Mapping[str, Any] | str | Path
    """A request, or the fleet's document: parsed, as values, or the path of a file."""

__all__ = ["Fleet"]

COMMITTER: Final = Person("goldenpath", "goldenpath@localhost")
"""The default committer. The author is the person who asked."""
_NO_BRANCH: Final = "HEAD-is-on-no-branch"


class Fleet:
    """One branch of a fleet repository. Safe for many threads; close it, or use it in ``with``.

    Changes of many threads become one commit each and one push together.
    """

    def __init__(
        self,
        store: Store,
        *,
        library: Library | None = None,
        committer: Person | None = None,
        signer: CommitSigner | None = None,
        at: str | None = None,
    ) -> None:
        self.store = store
        self._at = at
        self.library = library or builtin_library()
        self.committer = committer or COMMITTER
        self._writer = BranchWriter(store, self.committer, signer=signer)
        self._committer = ProposalCommitter(store, self._writer, self.state, self._state)
        self._promises = PromiseIndex(PromiseCache(store.repository.git_dir / "goldenpath"))
        self._contexts = FleetContexts(lambda text: FleetContext(text, library=self.library))

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        branch: str | None = None,
        library: Library | None = None,
        credentials: Credentials | None = None,
        committer: Person | None = None,
        signer: CommitSigner | None = None,
        cache: Path | None = None,
        at: str | None = None,
    ) -> Self:
        """Open a fleet repository.

        Args:
            place: a directory (a work tree, or a bare repository), or a URL that Git can reach.
            branch: the branch to work on; the repository's default one otherwise.
            library: golden paths; the built-in ones otherwise.
            credentials: for the remote; without any, Git's own helpers and agents are asked.
            committer: who writes.
            signer: signs every commit.
            cache: where mirrors of remote repositories are kept; the user's cache folder otherwise.
            at: look at this commit and not at the branch's last one, and publish nothing; for a checkout of CI, which
                is on no branch: ``HEAD``.

        Raises:
            InputError: the branch's name is not valid, or there is no such commit.
            RepositoryError: there is no repository, Git cannot use it, or the remote refuses.
        """
        if not is_url(str(place)) and not Path(place).expanduser().is_dir():
            message = f"{place}: there is no such folder; `goldenpath fleet init` makes a fleet repository"
            raise RepositoryError(message)
        named = branch or (_NO_BRANCH if at is not None else None)
        store = Store.open(place, branch=named, credentials=credentials, cache=cache)
        return cls(store, library=library, committer=committer, signer=signer, at=at)

    @classmethod
    def create(
        cls,
        place: str | Path,
        fleet: str | None = None,
        *,
        bare: bool = False,
        forge: str | None = None,
        code_owner: str = "@platform-team",
        author: Person | None = None,
        file: str = FLEET_FILE,
        **opening: Any,
    ) -> Self:
        """Make a fleet repository, with its first commit, and open it.

        Args:
            place: a folder, which becomes a repository if needed; or the URL of an empty repository.
            fleet: the text of ``goldenpath.yaml``; a small example otherwise.
            bare: make it without a work tree.
            forge: whose CI a check is written for (see :data:`~goldenpath.fleet.initial_files.FORGES`).
            code_owner: who reviews, as CODEOWNERS writes it.
            author: who asked.
            file: what problems call the file that the text is from.
            opening: as for :meth:`open`.

        Raises:
            InputError: the repository is not empty, or the fleet has problems; nothing was made then.
            ChecksFailedError: a finding of severity error about a platform; nothing was made then.
            RepositoryError: nothing could be written.
        """
        context = FleetContext(
            starter_fleet() if fleet is None else fleet,
            library=opening.get("library") or builtin_library(),
            file=file,
        )
        plan = first_plan(context, forge=forge, code_owner=code_owner)
        Proposal.of(plan, (), PublishOptions(), digests={}).check()
        make_repository(place, branch=context.spec.branch, bare=bare)
        created = cls.open(place, **{"branch": context.spec.branch, **opening})
        try:
            writer = BranchWriter(created.store, created.committer, signer=opening.get("signer"))
            writer.submit(first_commit(plan, context, author, place=created.store.place))
        except BaseException:
            created.close()
            raise
        return created

    def close(self) -> None:
        """End the processes that read for it."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state(self) -> FleetState:
        """The fleet as its branch is now, asked of the remote where there is one.

        Raises:
            InputError: it holds no fleet, or one with problems.
            RepositoryError: the repository cannot be read, or the remote does not answer.
        """
        if self._at is None:
            self.store.refresh()
        return self._state(self._known())

    def plan(
        self,
        *asked: Asked,
        everything: bool = False,
        options: PublishOptions | None = None,
        progress: Progress | None = None,
    ) -> Proposal:
        """What publishing would do, and what stands in its way; nothing is written.

        Args:
            asked: requests, and perhaps the fleet's own document.
            everything: every tenant and platform that there is, too.
            options: what would be allowed.
            progress: receives the number of tenants done and the total.

        Raises:
            InputError: a request or the fleet cannot be accepted; every problem of all of them.
        """
        proposer = self._proposer(asked, everything=everything, options=options, progress=progress)
        return proposer.propose(self.state())

    def publish(
        self,
        *asked: Asked,
        everything: bool = False,
        options: PublishOptions | None = None,
        review: Review | None = None,
        progress: Progress | None = None,
    ) -> Published:
        """Commit what follows from these requests; returns when everybody can see it.

        The same requests again make no commit. Where another commit moved the branch meanwhile, everything is worked
        out anew on what is there then.

        Args:
            asked: requests, and perhaps the fleet's own document.
            everything: every tenant and platform that there is, too.
            options: what is allowed.
            review: put it up for review, on a branch of its own, instead.
            progress: receives the number of tenants done and the total.

        Raises:
            InputError: a request or the fleet cannot be accepted, or something stands in the way; every problem.
            ChecksFailedError: a finding of severity error.
            RepositoryError: the repository or the forge refused; without a forge's, nothing was written.
        """
        self._check_writable()
        proposer = self._proposer(asked, everything=everything, options=options, progress=progress)
        return self._committer.carry_out(proposer.propose, review, guard=options.guard if options else None)

    def retire(
        self,
        name: str,
        *,
        clusters: Collection[str] = (),
        delete: bool = False,
        options: PublishOptions | None = None,
        review: Review | None = None,
    ) -> Published:
        """Take a tenant out of service: hold it, and in a second step delete it.

        Args:
            name: the tenant, or a workload as `<tenant>/<workload>`.
            clusters: hold it only on these.
            delete: the second step.
            options: what is allowed.
            review: put it up for review instead.

        Raises:
            InputError: there is no such tenant, or it is not held yet; and as for :meth:`publish`.
        """
        self._check_writable()
        propose = self._retiring(name, clusters, delete=delete, options=options)
        return self._committer.carry_out(propose, review, guard=options.guard if options else None)

    def propose(
        self,
        state: FleetState,
        *asked: Asked,
        platforms: Collection[str] = (),
        options: PublishOptions | None = None,
        progress: Progress | None = None,
    ) -> Proposal:
        """What publishing these requests, and these clusters' platforms, would do to one state of the fleet.

        Raises:
            InputError: a request cannot be accepted; every problem of all of them.
        """
        proposer = self._proposer(asked, platforms=platforms, options=options, progress=progress)
        return proposer.propose(state)

    def carry_out(
        self,
        propose: Callable[[FleetState], Proposal],
        *,
        options: PublishOptions | None = None,
        review: Review | None = None,
    ) -> Published:
        """Commit what a caller proposes; it is asked again where another commit moved the branch meanwhile.

        Args:
            propose: works the change out for a state of the fleet.
            options: what is allowed.
            review: put it up for review instead.

        Raises:
            InputError: something stands in the way; every problem.
            ChecksFailedError: a finding of severity error.
            RepositoryError: the repository or the forge refused; without a forge's, nothing was written.
        """
        self._check_writable()
        return self._committer.carry_out(propose, review, guard=options.guard if options else None)

    def write_file(
        self,
        path: str,
        make: Callable[[str | None], str | None],
        message: str,
        *,
        author: Person | None = None,
    ) -> str | None:
        """Commit one file that no publish owns, such as the state of an upgrade; gives the commit, None without a change.

        Args:
            path: the file.
            make: gives its new text from the one that is there, and None to leave it; asked anew where the branch moved.
            message: of the commit.
            author: who asked.

        Raises:
            RepositoryError: the repository refused.
        """
        self._check_writable()

        def draft(snapshot: Snapshot) -> CommitDraft | None:
            text = make(self.read_file(path, snapshot))
            return None if text is None else CommitDraft({path: text.encode()}, message, author)

        return self._writer.submit(draft).commit

    def read_file(self, path: str, snapshot: Snapshot | None = None) -> str | None:
        """The text of a file on the branch; None where there is none."""
        there = snapshot or self.state().snapshot
        entry = there.find(path)
        return there.reader.blob(entry.id).decode() if entry is not None and entry.is_blob else None

    def plan_retirement(
        self,
        name: str,
        *,
        clusters: Collection[str] = (),
        delete: bool = False,
        options: PublishOptions | None = None,
    ) -> Proposal:
        """What :meth:`retire` would do; nothing is written."""
        return self._retiring(name, clusters, delete=delete, options=options)(self.state())

    def summary(self, *, retiring: bool = False) -> FleetSummary:
        """Every tenant and workload, and every accelerator with what was promised of it.

        Args:
            retiring: also say which are held; for that, every request is read.

        Raises:
            InputError: there is no fleet, or one with problems.
        """
        state = self.state()
        summary = summarize(state, OtherTenants(self._promises, state).promises)
        return summary.with_retiring(state) if retiring else summary

    def tenant(self, name: str, *, commits: int = 5) -> RequestDetail:
        """One tenant or workload in full.

        Args:
            name: the tenant, or a workload as `<tenant>/<workload>`.
            commits: how many of its latest commits are returned.

        Raises:
            InputError: there is no such tenant.
        """
        return request_detail(self.state(), self.store, Ref.parse(name), commits=commits)

    def validate(self, *, today: dt.date | None = None, progress: Progress | None = None) -> Validation:
        """Everything that is wrong in the repository: each tenant rendered and checked anew, and all together.

        Args:
            today: the day against which expiry dates are held.
            progress: receives the number of tenants done and the total.

        Raises:
            InputError: there is no fleet, or one with problems.
        """
        state = self.state()
        proposer = Proposer(
            [],
            self._promises,
            library=self.library,
            options=PublishOptions(today=today),
            everything=True,
            thorough=True,
            progress=progress,
        )
        return validate(state, proposer.propose(state))

    def _retiring(
        self, name: str, clusters: Collection[str], *, delete: bool, options: PublishOptions | None
    ) -> Callable[[FleetState], Proposal]:
        allowed, ref = options or PublishOptions(), Ref.parse(name)
        if delete:
            asked_by = allowed.author or self.committer
            return lambda state: deletion(state, ref, allowed, asked_by=asked_by)
        where = f"on {', '.join(clusters)}" if clusters else "to retire it"
        holding = replace(allowed, message=allowed.message or f"Hold {name} {where}")
        return lambda state: self.propose(state, hold_request(state, ref, clusters), options=holding)

    def _proposer(
        self,
        asked: tuple[Asked, ...],
        *,
        everything: bool = False,
        platforms: Collection[str] = (),
        options: PublishOptions | None = None,
        progress: Progress | None = None,
    ) -> Proposer:
        requests = [Submission.of(each) for each in asked]
        return Proposer(
            requests,
            self._promises,
            library=self.library,
            everything=everything,
            platforms=platforms,
            options=options or PublishOptions(),
            progress=progress,
        )

    def _known(self) -> Snapshot:
        if self._at is None:
            return self.store.repository.snapshot(self.store.tip())
        try:
            commit = self.store.repository.resolve(self._at)
        except InputError:
            commit = None
        if commit is None:
            message = "no such commit; give its whole id, a branch, or HEAD"
            raise InputError.of("--at", "unknown-commit", message, self._at)
        return self.store.repository.snapshot(commit)

    def _check_writable(self) -> None:
        if self._at is not None:
            message = "publishes nothing: name the branch to write to"
            raise InputError.of("--at", "read-only", message, self._at)

    def _state(self, snapshot: Snapshot) -> FleetState:
        if snapshot.commit is None:
            message = (
                "is not there, or has no commit; name another branch, or begin with `goldenpath fleet init`"
            )
            raise InputError.of("--branch", "no-commit", message, self.store.branch)
        return FleetState(snapshot, lambda: self._contexts.of(snapshot))
