"""The fleet and the requests as models, and every problem that either can have.

For: strict, frozen models (``tenant``, ``fleet``) made of one vocabulary (``types``); the rules between fields
(``rules``), inside a fleet (``pool_rules``) and between a request and the fleet (``fleet_rules``); and the way
from a document to a spec or to all of its problems at once (``parse``).

Not for: files (a document comes in as plain values), defaults that need the fleet and names that are derived
(``tenancy``), and what is no bad input but worth a word (``check``). Nothing here knows a template.
"""
