"""A fleet's folders as signed OCI artifacts, for clusters that read a registry and not Git.

For: one artifact for each owner's folder on a cluster, the same bytes everywhere (``artifact``); and a verifier that
demands more than Flux does (``verification``); for each cluster an index that pins them (``cluster_index``), whose serial
only rises (``index_publishing``) and is compared with the cluster's (``index_freshness``). The verbs are in ``delivery``,
``promotion`` and ``pruning``.

Stays out: rendering, and writing to Git. An artifact follows from a commit; nothing here changes one.

Needs the extra ``oci``. Import the modules by their names: this one re-exports nothing.
"""
