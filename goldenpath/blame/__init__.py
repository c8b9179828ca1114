"""Finds who set a value, and since when: a line of a request, the fleet, a golden path and its version, or an override.

For: :func:`blame`, which finds the origin of a field of a request, or of a rendered object, with commit, author and date.

Not for: changing it; each origin names the file and the line where that is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.blame.object_blame import blame_object
from goldenpath.blame.origin import Blame, Origin, OriginKind
from goldenpath.blame.request_blame import Inputs, blame_request
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from goldenpath.fleet import Fleet

__all__ = ["Blame", "Origin", "OriginKind", "blame"]


def blame(fleet: Fleet, name: str, field: str, *, of: str | None = None, cluster: str | None = None) -> Blame:
    """Where a value comes from.

    Args:
        fleet: the fleet.
        name: the tenant, or a workload as `<tenant>/<workload>`.
        field: the field, such as ``gpus[profile=nvidia-h100-80gb].quota``.
        of: an object that is rendered for it, as ``ResourceQuota/vision-compute``; the request itself otherwise.
        cluster: the object on this cluster; where it is first found otherwise.

    Raises:
        InputError: there is no such tenant, object or field; with the nearest name.
    """
    inputs = Inputs(fleet, fleet.state(), Ref.parse(name))
    if of is None:
        return blame_request(inputs, field)
    return blame_object(inputs, of, field, cluster=cluster)
