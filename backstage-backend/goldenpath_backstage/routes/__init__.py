"""The HTTP routes, one module for each kind of resource.

For: reading HTTP requests, authenticating callers, calling services, and the format of answers.

Not for: rights (``auth``), and rules about requests (the actions and :mod:`goldenpath`).
"""
