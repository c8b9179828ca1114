"""Signatures: signed in-toto statements in Sigstore bundles, their signers, and the trust in these signers.

For: the statement (``statement``), the signed bundle around it with its strict verifier (``bundle``), the protocols of
signers and of trust (``signer``), keys in files (``signing_keys``), keys in devices (``pkcs11_keys``), certificates
(``certificates``, ``identities``, ``timestamps``, ``trusted_root``), and bundles that refer to an artifact in a registry
(``bundle_referrers``).

Stays out: registries, and the meaning of the signed artifacts.

Each purpose has its own key or identity, because cosign and Flux accept any statement by the right signer as the
signature of an artifact.

Needs the extra ``oci``. Import the modules by their names: this package re-exports nothing.
"""
