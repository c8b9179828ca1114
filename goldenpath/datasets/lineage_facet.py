"""The digest of a dataset as facets of OpenLineage.

OpenLineage has no facet for a checksum (spec of November 2026). This module writes a custom facet with the prefix and
the two addresses that the rules for custom facets demand. The digest is also the version of the dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from goldenpath.datasets.dataset_manifest import DatasetDigest

__all__ = ["FACET", "SCHEMA_URL", "lineage_dataset"]

FACET: Final = "goldenpath_datasetDigest"
PRODUCER: Final = "https://goldenpath.dev"
SCHEMA_URL: Final = "https://goldenpath.dev/reference/schemas/openlineage-dataset-digest-v1.json"
_VERSION_SCHEMA: Final = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"


def lineage_dataset(dataset: DatasetDigest, *, namespace: str, name: str) -> dict[str, Any]:
    """Return a dataset for an event of OpenLineage: an item of ``inputs`` or ``outputs``.

    ``namespace`` is a place in the words of OpenLineage, such as ``s3://bucket`` or ``file``.
    """
    return {
        "namespace": namespace,
        "name": name,
        "facets": {
            "version": {
                "_producer": PRODUCER,
                "_schemaURL": _VERSION_SCHEMA,
                "datasetVersion": dataset.digest,
            },
            FACET: {
                "_producer": PRODUCER,
                "_schemaURL": SCHEMA_URL,
                "digest": dataset.digest,
                "manifestFormat": "goldenpath-dataset/v1",
                "files": dataset.files,
                "bytes": dataset.size,
            },
        },
    }
