"""The HTTP routes, one module for each kind of resource.

For: reading a request, asking who it is, handing it to its service, and the answer's form.

Not for: deciding anything: ``auth`` decides who may, the actions and :mod:`goldenpath` what is done.
"""
