"""Signatures: Sigstore bundles with DSSE envelopes, and the keys that write and verify them.

For: the signed statement of an artifact (``bundle``) and its keys (``signing_keys``).

Stays out: registries, and what is signed.

Needs the extra ``oci``. Import the modules by their names: this one re-exports nothing.
"""
