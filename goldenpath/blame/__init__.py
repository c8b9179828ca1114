"""Find the origin of a value: a line of the request or the fleet, an override, or a version of a golden path.

:func:`blame` finds the origin of a field of a request or of a rendered object, with commit, author and date. Each origin
names the file and the line to edit.
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
    """The origin of a value.

    Args:
        fleet: the fleet.
        name: the tenant, or a workload as `<tenant>/<workload>`.
        field: the field, such as ``gpus[profile=nvidia-h100-80gb].quota``.
        of: a rendered object, such as ``ResourceQuota/vision-compute``; by default the request.
        cluster: the cluster of the object; by default the first one that has it.

    Raises:
        InputError: the tenant, object or field does not exist; with the nearest name.
    """
    inputs = Inputs(fleet, fleet.state(), Ref.parse(name))
    if of is None:
        return blame_request(inputs, field)
    return blame_object(inputs, of, field, cluster=cluster)
