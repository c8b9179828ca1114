"""HTTP as the backend speaks it: the envelope of every request, problems, bodies, ETags, pages, event streams.

Not for: what is asked and answered; that is the routes'.
"""
