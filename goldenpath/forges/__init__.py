"""Pull requests on GitHub, GitLab, Gitea and Forgejo, through their REST APIs.

The package opens, updates and closes the pull request of a pushed branch. It derives from a remote's URL the kind of
the forge, the address of its API, and the token for it. It does not push (``goldenpath.git``), write the body
(``goldenpath.repository``) or merge. It does not read the process's environment; callers pass it.

Rules for each forge:

* *Idempotent.* An open pull request of the branch is updated, and only if it differs. A closed one stays closed, and a
  new one is opened.
* *A label or a reviewer never stops a pull request.* A refusal becomes a warning.
* *People are asked once.* An update does not ask a person who was asked before or has reviewed.
* *A draft is only opened.* An update does not change whether a pull request is a draft; its reviewers decide that.
* *Repeats are safe.* A call is sent again only if it changes nothing the second time. Before opening again, the client
  looks for the pull request.
* *The token goes to one host.* No message, ``repr`` or log contains it, and no redirect takes it to another host.
"""

from goldenpath.forges.forge import forge_of
from goldenpath.forges.forge_address import ForgeAddress, ForgeKind, address_of
from goldenpath.forges.http_options import ClientOptions, RetryOptions
from goldenpath.forges.pull_request import (
    Closed,
    CommentChange,
    Forge,
    Opened,
    PullRequest,
    PullRequestPage,
)
from goldenpath.forges.token import Token, token_of

__all__ = [
    "ClientOptions",
    "Closed",
    "CommentChange",
    "Forge",
    "ForgeAddress",
    "ForgeKind",
    "Opened",
    "PullRequest",
    "PullRequestPage",
    "RetryOptions",
    "Token",
    "address_of",
    "forge_of",
    "token_of",
]
