"""Questions about a fleet, in CEL: which requests, and which rendered objects, are as the question says.

For: an expression that a schema types before it is asked (:class:`Expression`), and the search through all requests and
all rendered objects of one state of a fleet.

Not for: changing what was found.
"""

from __future__ import annotations

from goldenpath.queries.expression import Expression, NotSetError
from goldenpath.queries.object_search import ObjectFound, ObjectSearch, search_objects
from goldenpath.queries.request_search import RequestFound, RequestSearch, search_requests

__all__ = [
    "Expression",
    "NotSetError",
    "ObjectFound",
    "ObjectSearch",
    "RequestFound",
    "RequestSearch",
    "search_objects",
    "search_requests",
]
