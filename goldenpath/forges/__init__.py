"""Pull requests on GitHub, GitLab, Gitea and Forgejo, through their REST APIs.

For: opening a pull request for a branch that was pushed, bringing an open one up to date, closing one; and
finding out from a remote's URL which forge that is, where its API is and which token is meant for it.

Not for: pushing the branch (``publish.git``), writing the body (``publish``), merging, or anything that a
forge has beside pull requests. Nothing here reads the process's environment: it is handed in.

What holds for each forge:

* *Idempotent.* An open pull request of that branch is updated, and only where something differs. A closed
  one is left alone, and a new one is made.
* *A label or a reviewer never stops a pull request.* What the forge refuses becomes a warning.
* *People are asked once.* An update does not ask a person who was asked before or has reviewed.
* *A draft is only made, never unmade.* Whether an open one is a draft is its reviewers' word.
* *Repeats are safe.* What is sent again after a fault changes nothing if it had already worked; opening is
  not such a call, so the forge is first asked whether it has worked.
* *The token goes to one host.* It is in no message, ``repr`` or log, and no redirect takes it elsewhere.
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
