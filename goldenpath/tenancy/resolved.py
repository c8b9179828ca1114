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
    """A request on one cluster, with every default applied; each kind of request has a class of its own."""

    @property
    def ref(self) -> Ref:
        """What it is."""
        ...

    @property
    def spec(self) -> Document:
        """The document that it follows from."""
        ...

    @property
    def platform(self) -> Platform:
        """The cluster."""
        ...

    @property
    def cluster_name(self) -> str:
        """The cluster's name."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of all of its objects."""
        ...

    @property
    def is_retiring(self) -> bool:
        """Whether nothing new may start of it here."""
        ...

    def words(self, everywhere: Sequence[Any]) -> dict[str, Any]:
        """The words that its templates may use beside those that all templates may use.

        Args:
            everywhere: the same request on each of its clusters, this one among them.
        """
        ...
