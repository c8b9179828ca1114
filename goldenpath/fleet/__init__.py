"""The verbs on a fleet repository: start, publish, plan, list, validate, retire.

Here the stages meet: a request is parsed, rendered and checked against the fleet that the branch holds *now*,
compared with what is there, and handed to the one writer. How Git stores it is
:mod:`goldenpath.publish.git`'s business, what a change consists of :mod:`goldenpath.publish`'s; what a live
cluster makes of it is :mod:`goldenpath.live`'s.

::

    fleet = goldenpath.Fleet.open("https://git.example.org/platform/fleet.git")
    print(fleet.plan(["vision.yaml"]).as_text())
    fleet.publish("vision.yaml", author=goldenpath.Person("Ada", "ada@example.org"))
"""

from goldenpath.fleet.hand import Published
from goldenpath.fleet.proposal import Proposal
from goldenpath.fleet.repository import Fleet
from goldenpath.fleet.request import Request
from goldenpath.fleet.review import Review
from goldenpath.fleet.terms import Terms

__all__ = ["Fleet", "Proposal", "Published", "Request", "Review", "Terms"]
