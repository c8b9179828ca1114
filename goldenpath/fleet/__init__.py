"""The verbs on a fleet repository: start, publish, plan, list, validate, retire.

Here the stages meet: a request is parsed, rendered and checked against the fleet that the branch holds *now*,
compared with what is there, and handed to the one writer. How Git stores it is
:mod:`goldenpath.git`'s business, what a change consists of :mod:`goldenpath.repository`'s; what a live
cluster makes of it is :mod:`goldenpath.live`'s.

::

    fleet = goldenpath.Fleet.open("https://git.example.org/platform/fleet.git")
    print(fleet.plan(["vision.yaml"]).as_text())
    fleet.publish("vision.yaml", author=goldenpath.Person("Ada", "ada@example.org"))
"""

from goldenpath.fleet.fleet_repository import Fleet
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.proposal_committer import Published
from goldenpath.fleet.publish_options import PublishOptions
from goldenpath.fleet.review_branch import Review
from goldenpath.fleet.submitted_request import Submission

__all__ = ["Fleet", "Proposal", "PublishOptions", "Published", "Review", "Submission"]
