"""Models of the fleet and of requests, and the rules that a valid document keeps.

For: strict, frozen models (``tenant``, ``fleet_spec``) with shared field types (``types``); rules between fields
(``rules``), inside a fleet (``pool_rules``) and between a request and the fleet (``fleet_rules``); and a parser that
returns a spec or reports all problems at once (``parse``).

Not for: files (documents are plain values), defaults from the fleet and derived names (``tenancy``), warnings about
valid input (``check``), and templates.
"""
