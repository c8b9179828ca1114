"""Datasets: hashes a folder to one digest, and compares a folder with a digest.

For: walking a folder in canonical order (``file_tree``), hashing its files in several processes (``file_hashing``,
``hashing``), the manifest and the tree digest (``dataset_manifest``), the index of an earlier run (``hash_index``),
verification (``folder_verification``), and the formats of others: Croissant (``croissant``) and OpenLineage
(``lineage_facet``).

Stays out: signatures, registries, and the meaning of a dataset.

Import the modules by their names: this package re-exports nothing. A worker process imports only ``file_hashing``.
"""
