"""The fleet that a tool works on, and the one way in which a tool changes it."""

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
    """What a tool is given when it runs."""

    @property
    def fleet(self) -> Fleet:
        """The fleet repository."""

    @property
    def kubeconfig(self) -> str | None:
        """How its clusters are reached, as KUBECONFIG says it; None where they are not reached."""

    @property
    def today(self) -> dt.date:
        """The day against which expiry dates are held."""

    def state(self) -> FleetState:
        """The fleet as its branch is now.

        Raises:
            InputError: it holds no fleet, or one with problems.
            RepositoryError: it cannot be read.
        """

    def put_up(self, request: Submission, digest: str, message: str | None) -> Published:
        """Open the pull request of a request, or bring it up to date, if its plan has this digest.

        Raises:
            InputError: the plan is another one, or something stands in its way; every problem.
            ChecksFailedError: a finding of severity error.
            RepositoryError: the repository or the forge refused.
        """


@dataclass(frozen=True)
class LocalDesk:
    """The desk of the person who started the server, with that person's rights.

    Args:
        fleet: the fleet repository.
        today: the day against which expiry dates are held.
        kubeconfig: how its clusters are reached; None where they are not.
        forge: where pull requests are opened; None where only the branch for review is pushed.
        author: who asks for a change.
    """

    fleet: Fleet
    today: dt.date
    kubeconfig: str | None = None
    forge: Forge | None = None
    author: Person | None = None

    def state(self) -> FleetState:
        return self.fleet.state()

    def put_up(self, request: Submission, digest: str, message: str | None) -> Published:
        options = PublishOptions(author=self.author, message=message, today=self.today, approved=digest)
        return self.fleet.publish(request, options=options, review=Review(forge=self.forge))
