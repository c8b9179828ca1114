"""Authentication and authorisation of callers.

For: proving a token (``authenticate``, with ``backstage`` and ``spiffe``), the keys that proofs need (``jwks``), the one place
that decides who may do what (``permissions``), and the audit trail (``audit``).

Not for: what is done then. A token is never kept, logged or handed on, save to the Backstage that issued it.
"""
