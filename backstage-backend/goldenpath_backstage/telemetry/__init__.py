"""Structured logs, the audit trail and metrics, for operators.

Not for: answers to callers. This package never handles a body, a header or a token.
"""
