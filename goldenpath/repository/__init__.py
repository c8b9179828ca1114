"""The fleet repository: from requests and manifests to commits that stay.

For: the objects, refs and remotes of Git (``git``); the one writer that turns many requests into commits
(``writer``); what a publish would change, what it promises and when it must stop; and the forges, where a branch
becomes a pull request.

Stays out: rendering and checking (they give their results to this package as values), and everything about
Kubernetes. Nothing here decides what a manifest says; it decides how, when and whether files reach the branch.

Import the modules by their names: this one re-exports nothing, so that a base install pays only for what it uses.
"""
