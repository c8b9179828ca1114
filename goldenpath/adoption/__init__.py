"""Derives a request from a namespace that was made by hand.

For: reading the Kubernetes objects of one namespace, on each of its clusters, and deriving a request for the golden path
``tenant``. The result names the source of each field, the objects and fields that a request cannot express, and the
faults of the namespace today. Status, managed fields and the defaults of the API server are ignored.

Not for: fetching objects (``cluster``), rendering or publishing the request, and comparing it with the cluster. Nothing
here changes an object, does I/O or reads a clock.

This package is the inverse of :mod:`goldenpath.tenancy`: it recognises the values that ``tenancy`` derives from a
request, and reports all others. Every guess is a finding.
"""

from goldenpath.adoption.adoption_result import Adoption, Leftover, ToDo
from goldenpath.adoption.derive import derive, objects_once
from goldenpath.adoption.namespace_metadata import METADATA_FIELDS

__all__ = ["METADATA_FIELDS", "Adoption", "Leftover", "ToDo", "derive", "objects_once"]
