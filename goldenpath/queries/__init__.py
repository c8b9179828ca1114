"""Searches a fleet with CEL expressions.

For: an expression that is checked against a schema before it is evaluated (:class:`Expression`), and the search through
all requests or all rendered objects of one state of a fleet.

Not for: changes to the results.
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
    """Find the requests, or the rendered objects, for which an expression is true.

    Args:
        fleet: the fleet.
        expression: in CEL, over the fields of a request or of an object.
        kind: search only this kind.
        rendered: search the rendered objects on the branch, not the requests.

    Raises:
        InputError: the expression is not CEL, or it names an unknown field; the problem has the nearest name.
    """
    state = fleet.state()
    if rendered:
        return search_objects(state, expression, kind=kind)
    return search_requests(state, expression, kind=kind)
