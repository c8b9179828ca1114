"""The actions, each defined once and served to Backstage's scaffolder and to internal tools.

For: one module for each action, with its input, output, examples and function; and their list (``action_registry``).
A new action is one module and one line in the list.

Not for: HTTP, threads and the ledger (``runs``), and rules about requests (:mod:`goldenpath`).
"""
