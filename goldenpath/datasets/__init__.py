"""Datasets: the digest of a folder, and what it is compared with.

For: walking a folder in canonical order (``file_tree``), hashing its files by several processes (``file_hashing``,
``hashing``), the manifest and the tree digest (``dataset_manifest``), the index of an earlier run (``hash_index``),
verification (``verification``), and the formats of others: Croissant (``croissant``) and OpenLineage
(``lineage_facet``).

Stays out: signatures, registries, and what a dataset means.

Import the modules by their names: this one re-exports nothing. A worker process imports ``file_hashing`` alone.
"""
