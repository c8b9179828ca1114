"""The operations on a fleet repository: create, publish, plan, list, validate, retire.

This package joins the stages: it parses and renders a request, checks it against the present fleet of the branch,
compares the files with the repository, and commits the difference. :mod:`goldenpath.git` stores the commit,
:mod:`goldenpath.repository` computes the difference, and :mod:`goldenpath.live` reads live clusters.

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
