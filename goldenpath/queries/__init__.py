"""Questions about a fleet, in CEL: which requests, and which rendered objects, are as the question says.

For: an expression that a schema types before it is asked (:class:`Expression`), and the search through all requests and
all rendered objects of one state of a fleet.

Not for: changing what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.queries.expression import Expression, NotSetError
from goldenpath.queries.object_search import ObjectFound, ObjectSearch, search_objects
from goldenpath.queries.request_search import RequestFound, RequestSearch, search_requests

if TYPE_CHECKING:
    from goldenpath.fleet import Fleet

__all__ = [
    "Expression",
    "NotSetError",
    "ObjectFound",
    "ObjectSearch",
    "RequestFound",
    "RequestSearch",
    "query",
    "search_objects",
    "search_requests",
]


def query(
    fleet: Fleet, expression: str, *, kind: str | None = None, rendered: bool = False
) -> RequestSearch | ObjectSearch:
    """The requests, or the rendered objects, for which an expression is true.

    Args:
        fleet: the fleet.
        expression: in CEL, over the fields of a request or of an object.
        kind: only those of this kind.
        rendered: ask the rendered objects on the branch.

    Raises:
        InputError: it is not CEL, or names a field that is not there; with the nearest name.
    """
    state = fleet.state()
    if rendered:
        return search_objects(state, expression, kind=kind)
    return search_requests(state, expression, kind=kind)
