"""Doing what was asked: bounded, cancellable, told as it happens, and once however often it is asked for.

For: lanes of threads with an end to what they take on (``lanes``), the stream from a run to whoever asked for it
(``stream``), the ledger that knows which answers were given (``ledger``), and the way of one run (``runner``).

Not for: what an action does, and HTTP.
"""
