"""Signatures: signed in-toto statements in Sigstore bundles, and who signs and is trusted.

For: the statement (``statement``), the bundle that carries it signed, and its strict verifier (``bundle``), the
contracts of those who sign and of those who are trusted (``signer``), keys in files (``signing_keys``), and bundles in
a registry beside what they are about (``bundle_referrers``).

Stays out: registries, and what is signed.

One key, or one identity, for each purpose: cosign and Flux take any statement by the right signer as the signature of
an artifact.

Needs the extra ``oci``. Import the modules by their names: this one re-exports nothing.
"""
