"""HTTP in the backend: middleware, problem documents, bodies, ETags and event streams.

Not for: the resources (``routes``).
"""
