"""A fleet's folders as signed OCI artifacts, for clusters that read a registry instead of Git.

For: one artifact for each owner's folder on a cluster, with the same bytes everywhere (``artifact``); a verifier that
demands more than Flux (``verification``); and for each cluster an index that pins its artifacts (``cluster_index``). The
serial of an index only rises (``index_publishing``), and is compared with the serial on the cluster
(``index_freshness``). The commands are in ``delivery``, ``promotion`` and ``pruning``.

Stays out: rendering, and writing to Git. An artifact follows from a commit, and no module here changes a commit.

Needs the extra ``oci``. Import the modules by their names: this package re-exports nothing.
"""
