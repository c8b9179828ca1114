"""Runs of actions: bounded, cancellable, streamed, and executed once for repeated requests.

For: bounded lanes of threads (``lanes``), the stream from a run to its caller (``event_stream``), the ledger of
answers (``ledger``), and the runner (``runner``).

Not for: the actions' own work, and HTTP.
"""
