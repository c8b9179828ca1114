"""The protocol of a resolved request of any kind on one cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.spec.document_model import Document
    from goldenpath.spec.ref import Ref
    from goldenpath.tenancy.platform import Platform

__all__ = ["Resolved"]


class Resolved(Protocol):
    """A request on one cluster with every default applied. Each kind of request has its own class.

    ``spec`` is the source document, ``labels`` are the labels of all rendered objects, and ``is_retiring`` means that
    nothing new may start on the cluster.
    """

    @property
    def ref(self) -> Ref: ...

    @property
    def spec(self) -> Document: ...

    @property
    def platform(self) -> Platform: ...

    @property
    def cluster_name(self) -> str: ...

    @property
    def labels(self) -> Mapping[str, str]: ...

    @property
    def is_retiring(self) -> bool: ...

    def words(self, everywhere: Sequence[Any]) -> dict[str, Any]:
        """Return the template variables of this kind of request, in addition to those of all templates.

        Args:
            everywhere: the request on each of its clusters, including this one.
        """
        ...
