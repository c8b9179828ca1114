"""The actions: each described once, and served to Backstage's scaffolder and to tools.

For: one module for each action, with what goes in, what comes out, examples, and the function that does it; and the
list of them (``registry``). A new action is one module and one line there.

Not for: HTTP, threads and the ledger (``runs``), and rules about requests (:mod:`goldenpath`).
"""
