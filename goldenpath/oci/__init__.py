"""Registries of OCI artifacts: blobs, archives, and a small client.

For: blobs and digests (``blob``), archives with the same bytes everywhere (``archive_writing``, ``archive_reading``),
strict JSON (``strict_json``), the client (``registry_client``, ``blob_upload``) with its credentials, and the referrers
of an artifact (``referrers``).

Stays out: the meaning of an artifact, and signatures.

Needs the extra ``oci``. Import the modules by their names: this package re-exports nothing.
"""
