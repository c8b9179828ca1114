"""Registries of OCI artifacts: what is stored, how it is named, and a small client.

For: blobs and digests (``blob``), archives with the same bytes everywhere (``archive_writing``, ``archive_reading``),
strict JSON (``strict_json``), the client (``registry_client``) with its credentials, and what refers to an artifact
(``referrers``).

Stays out: what an artifact means, and signatures.

Needs the extra ``oci``. Import the modules by their names: this one re-exports nothing.
"""
