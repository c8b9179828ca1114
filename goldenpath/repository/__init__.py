"""The files of a fleet repository: where they are, what a publish changes in them, and the commit of the change.

The package reads tenants and platforms from a Git tree (``fleet_tree``), compares states (``object_changes``), forms a
plan (``publish_plan``) and its checks, and commits (``branch_writer``). Rendered manifests come from other packages as
values. Import the modules by their names: this one exports nothing, so that a base install loads only what it uses.
"""
