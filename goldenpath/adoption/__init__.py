"""From a namespace that was made by hand to the request that would render it.

For: reading the Kubernetes objects of one namespace, on each of its clusters, and deriving a request for the
golden path ``tenant`` from them, with an account of it: where each field comes from, what is there and has no
place in a request, and what is wrong there today. Live objects are read as they are: status, managed fields and
what an API server fills in are passed over.

Not for: fetching objects (``cluster``), rendering or publishing what comes out, or comparing it with what is there.
Nothing here changes an object. Pure: no I/O, no clock.

The inverse of :mod:`goldenpath.tenancy`: what that works out from a request is recognised here, and the rest is
reported. A guess is always marked as one.
"""

from goldenpath.adoption.adoption_result import Adoption, Leftover, ToDo
from goldenpath.adoption.derive import derive, objects_once
from goldenpath.adoption.namespace_metadata import METADATA_FIELDS

__all__ = ["METADATA_FIELDS", "Adoption", "Leftover", "ToDo", "derive", "objects_once"]
