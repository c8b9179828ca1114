"""The fleet as Backstage's catalog shows it: golden paths as templates with live forms, and tenants as systems.

For: making entities from the golden paths and from what is in the fleet repository, once for each of its commits.

Not for: what a form asks (:mod:`goldenpath.describe`), what a tenant's own entities are (the golden path renders
them), and serving (``routes``).
"""
