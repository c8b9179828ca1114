"""Authentication and authorisation of callers.

For: verification of tokens (``authenticate``, with ``backstage_tokens`` and ``spiffe_tokens``), the keys for it
(``jwks``), the rights of callers (``permissions``), and the audit trail (``audit``).

Not for: the actions of an authorised caller. A token is never stored or logged, and is sent only to the Backstage that
issued it.
"""
