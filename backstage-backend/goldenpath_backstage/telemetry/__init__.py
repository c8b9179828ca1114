"""What the backend tells those who run it: structured logs, the audit trail, and metrics.

Not for: answers to callers. Nothing here sees a body, a header or a token.
"""
