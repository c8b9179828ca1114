"""Structured logs, the audit trail and metrics, for operators.

Not for: answers to callers. Nothing here sees a body, a header or a token.
"""
