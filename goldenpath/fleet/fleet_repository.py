"""A fleet repository, with every operation on it."""

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

    Source = Submission | Document | Mapping[str, Any] | str | Path
    """A request or the fleet's document: parsed, as values, or the path of a file."""

__all__ = ["Fleet"]

COMMITTER: Final = Person("goldenpath", "goldenpath@localhost")
"""The default committer. The author is the person who requested the change."""
_NO_BRANCH: Final = "HEAD-is-on-no-branch"


class Fleet:
    """One branch of a fleet repository. Thread-safe; close it, or use it in ``with``.

    Changes of many threads become one commit each, and one push together.
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
            place: a folder (a work tree or a bare repository), or a URL that Git can reach.
            branch: the branch; by default the one that is checked out, or the default branch of the remote.
            library: golden paths; by default the built-in ones.
            credentials: for the remote; by default those of Git's own helpers and agents.
            committer: the committer of every commit.
            signer: signs every commit.
            cache: the folder for mirrors of remote repositories; by default in the user's cache folder.
            at: read this commit instead of the branch's tip, and forbid publishing. A CI checkout without a branch
                uses ``HEAD``.

        Raises:
            InputError: the name of the branch is invalid, or the commit does not exist.
            RepositoryError: the folder is no repository, Git cannot use it, or the remote refuses.
        """
        if not is_url(str(place)) and not Path(place).expanduser().is_dir():
            message = (
                f"{place}: the folder does not exist; `goldenpath fleet init` creates a fleet repository"
            )
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
        """Create a fleet repository with its first commit, and open it.

        Args:
            place: a folder, which becomes a repository if needed; or the URL of an empty repository.
            fleet: the text of ``goldenpath.yaml``; by default a small example.
            bare: create the repository without a work tree.
            forge: the forge whose CI runs the check (see :data:`~goldenpath.fleet.initial_files.FORGES`).
            code_owner: the reviewer, in the syntax of CODEOWNERS.
            author: the author of the commit.
            file: the name of the text's file, for problems.
            opening: arguments of :meth:`open`.

        Raises:
            InputError: the repository is not empty, or the fleet has problems; nothing was created.
            ChecksFailedError: a finding of severity error about a platform; nothing was created.
            RepositoryError: the commit could not be written.
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
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state(self) -> FleetState:
        """The present state of the branch, fetched from the remote if there is one.

        Raises:
            InputError: the branch has no fleet, or a fleet with problems.
            RepositoryError: the repository cannot be read, or the remote does not answer.
        """
        if self._at is None:
            self.store.refresh()
        return self._state(self._known())

    def plan(
        self,
        *requests: Source,
        everything: bool = False,
        options: PublishOptions | None = None,
        progress: Progress | None = None,
    ) -> Proposal:
        """The changes of a publish, and the problems that block it. Nothing is written.

        Args:
            requests: requests, and at most one fleet document.
            everything: also plan every other tenant and platform.
            options: the options of the publish.
            progress: receives the number of tenants done and the total.

        Raises:
            InputError: with every problem of all requests and of the fleet.
        """
        proposer = self._proposer(requests, everything=everything, options=options, progress=progress)
        return proposer.propose(self.state())

    def publish(
        self,
        *requests: Source,
        everything: bool = False,
        options: PublishOptions | None = None,
        review: Review | None = None,
        progress: Progress | None = None,
    ) -> Published:
        """Commit the files of these requests. The branch or the remote has the commit on return.

        Publishing the same requests again makes no commit. If another commit moves the branch meanwhile, the change is
        computed again on the new tip.

        Args:
            requests: requests, and at most one fleet document.
            everything: also publish every other tenant and platform.
            options: the options of the publish.
            review: push to a branch for review instead.
            progress: receives the number of tenants done and the total.

        Raises:
            InputError: with every problem of the requests and the fleet, and every problem that blocks the publish.
            ChecksFailedError: a finding of severity error.
            RepositoryError: the repository or the forge refused. Only after a refusal of the forge, a branch was pushed.
        """
        proposer = self._proposer(requests, everything=everything, options=options, progress=progress)
        return self.carry_out(proposer.propose, options=options, review=review)

    def retire(
        self,
        name: str,
        *,
        clusters: Collection[str] = (),
        delete: bool = False,
        options: PublishOptions | None = None,
        review: Review | None = None,
    ) -> Published:
        """Take a tenant out of service: put it on hold, or delete it in a second step.

        Args:
            name: the tenant, or a workload as `<tenant>/<workload>`.
            clusters: put it on hold on these clusters only.
            delete: delete the tenant, which must be on hold.
            options: the options of the publish.
            review: push to a branch for review instead.

        Raises:
            InputError: the tenant does not exist, or is not on hold; and as for :meth:`publish`.
        """
        propose = self._retiring(name, clusters, delete=delete, options=options)
        return self.carry_out(propose, options=options, review=review)

    def propose(
        self,
        state: FleetState,
        *requests: Source,
        platforms: Collection[str] = (),
        options: PublishOptions | None = None,
        progress: Progress | None = None,
    ) -> Proposal:
        """The proposal of these requests, and of the platforms of these clusters, for one state of the fleet.

        Raises:
            InputError: with every problem of all requests.
        """
        proposer = self._proposer(requests, platforms=platforms, options=options, progress=progress)
        return proposer.propose(state)

    def carry_out(
        self,
        propose: Callable[[FleetState], Proposal],
        *,
        options: PublishOptions | None = None,
        review: Review | None = None,
    ) -> Published:
        """Commit the proposal of a caller.

        Args:
            propose: computes the proposal for a state of the fleet. It is called again if another commit moves the branch.
            options: the options of the publish.
            review: push to a branch for review instead.

        Raises:
            InputError: with every problem that blocks the proposal.
            ChecksFailedError: a finding of severity error.
            RepositoryError: the repository or the forge refused. Only after a refusal of the forge, a branch was pushed.
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
        """Commit one file that no publish owns, such as the state of an upgrade. Return the commit, or None.

        Args:
            path: the path of the file.
            make: returns the new text for the present one, or None for no change. It is called again if the branch moves.
            message: the commit message.
            author: the author of the commit.

        Raises:
            RepositoryError: the repository refused.
        """
        self._check_writable()

        def draft(snapshot: Snapshot) -> CommitDraft | None:
            text = make(self.read_file(path, snapshot))
            return None if text is None else CommitDraft({path: text.encode()}, message, author)

        return self._writer.submit(draft).commit

    def read_file(self, path: str, snapshot: Snapshot | None = None) -> str | None:
        """The text of a file on the branch; None if the file does not exist."""
        data = (snapshot or self.state().snapshot).read(path)
        return None if data is None else data.decode()

    def plan_retirement(
        self,
        name: str,
        *,
        clusters: Collection[str] = (),
        delete: bool = False,
        options: PublishOptions | None = None,
    ) -> Proposal:
        """The proposal of :meth:`retire`. Nothing is written."""
        return self._retiring(name, clusters, delete=delete, options=options)(self.state())

    def summary(self, *, retiring: bool = False) -> FleetSummary:
        """Every tenant and workload, and every accelerator with the promises of it.

        Args:
            retiring: also read every request, to find the clusters on which it is on hold.

        Raises:
            InputError: the branch has no fleet, or a fleet with problems.
        """
        state = self.state()
        summary = summarize(state, OtherTenants(self._promises, state).promises)
        return summary.with_retiring(state) if retiring else summary

    def tenant(self, name: str, *, commits: int = 5) -> RequestDetail:
        """One tenant or workload in full.

        Args:
            name: the tenant, or a workload as `<tenant>/<workload>`.
            commits: the number of latest commits to return.

        Raises:
            InputError: the tenant or workload does not exist.
        """
        return request_detail(self.state(), self.store, Ref.parse(name), commits=commits)

    def validate(self, *, today: dt.date | None = None, progress: Progress | None = None) -> Validation:
        """Render and check every tenant again, alone and together. Return all findings and problems.

        Args:
            today: the day to compare expiry dates with.
            progress: receives the number of tenants done and the total.

        Raises:
            InputError: the branch has no fleet, or a fleet with problems.
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
            requester = allowed.author or self.committer
            return lambda state: deletion(state, ref, allowed, requester=requester)
        where = f"on {', '.join(clusters)}" if clusters else "to retire it"
        holding = replace(allowed, message=allowed.message or f"Hold {name} {where}")
        return lambda state: self.propose(state, hold_request(state, ref, clusters), options=holding)

    def _proposer(
        self,
        sources: tuple[Source, ...],
        *,
        everything: bool = False,
        platforms: Collection[str] = (),
        options: PublishOptions | None = None,
        progress: Progress | None = None,
    ) -> Proposer:
        return Proposer(
            [Submission.of(source) for source in sources],
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
            message = "is not a commit of the repository; use its full id, a branch, or HEAD"
            raise InputError.of("--at", "unknown-commit", message, self._at)
        return self.store.repository.snapshot(commit)

    def _check_writable(self) -> None:
        if self._at is not None:
            message = "is read-only; name the branch to write to with --branch instead"
            raise InputError.of("--at", "read-only", message, self._at)

    def _state(self, snapshot: Snapshot) -> FleetState:
        if snapshot.commit is None:
            message = (
                "does not exist, or has no commit; name another branch, or start with `goldenpath fleet init`"
            )
            raise InputError.of("--branch", "no-commit", message, self.store.branch)
        return FleetState(snapshot, lambda: self._contexts.of(snapshot))
