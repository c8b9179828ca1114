"""The fleet that tools read, and the one method by which a tool changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from goldenpath.fleet import PublishOptions, Review

if TYPE_CHECKING:
    import datetime as dt

    from goldenpath.fleet import Fleet, Submission
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.proposal_committer import Published
    from goldenpath.forges import Forge
    from goldenpath.git import Person

__all__ = ["Desk", "LocalDesk"]


class Desk(Protocol):
    """The context in which a tool runs."""

    @property
    def fleet(self) -> Fleet:
        """The fleet repository."""

    @property
    def kubeconfig(self) -> str | None:
        """Paths of kubeconfig files, as in KUBECONFIG; None where tools may not reach clusters."""

    @property
    def today(self) -> dt.date:
        """The day that expiry dates are compared with."""

    def state(self) -> FleetState:
        """The fleet at the tip of its branch.

        Raises:
            InputError: the repository holds no fleet, or a fleet with problems.
            RepositoryError: the repository cannot be read.
        """

    def propose(self, request: Submission, digest: str, message: str | None) -> Published:
        """Open or update the pull request of a request, if its plan has this digest.

        Raises:
            InputError: the plan has another digest, or it cannot be published; lists every problem.
            ChecksFailedError: a check found an error.
            RepositoryError: the repository or the forge refused the change.
        """


@dataclass(frozen=True)
class LocalDesk:
    """The desk of the person who started the server, with that person's rights.

    Without a ``forge``, :meth:`propose` only pushes the branch for review.
    """

    fleet: Fleet
    today: dt.date
    kubeconfig: str | None = None
    forge: Forge | None = None
    author: Person | None = None

    def state(self) -> FleetState:
        return self.fleet.state()

    def propose(self, request: Submission, digest: str, message: str | None) -> Published:
        options = PublishOptions(author=self.author, message=message, today=self.today, approved=digest)
        return self.fleet.publish(request, options=options, review=Review(forge=self.forge))
