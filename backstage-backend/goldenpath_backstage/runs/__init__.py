"""Running actions: bounded, cancellable, reported as they happen, and once for repeated requests.

For: bounded lanes of threads (``lanes``), the stream from a run to its caller
(``stream``), the ledger that knows which answers were given (``ledger``), and the way of one run (``runner``).

Not for: what an action does, and HTTP.
"""
