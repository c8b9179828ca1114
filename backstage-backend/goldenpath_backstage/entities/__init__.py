"""Entities for Backstage's catalog: golden paths as templates with live forms, and tenants as systems.

For: building entities from golden paths and the fleet repository, once for each commit.

Not for: the fields of a form (:mod:`goldenpath.describe`), a tenant's own entities (the golden path renders them),
and HTTP (``routes``).
"""
