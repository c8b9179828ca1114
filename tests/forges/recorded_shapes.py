"""Inputs of each forge as JSON Schemas, and answers with the needed fields.

Written by hand from, and named as in, read in November 2026:

* GitHub: the REST description, version 2022-11-28: ``pulls/create``, ``pulls/update``, ``issues/add-labels``,
  ``pulls/request-reviewers``, ``issues/create-comment``, ``issues/list-events``.
* GitLab: docs.gitlab.com, REST v4: «Create MR», «Update MR», «Notes», «List users»; the shapes of its errors from
  ``lib/api/merge_requests.rb`` (``handle_merge_request_errors!``).
* Gitea: the API description and source of 1.26 (``CreatePullRequestOption``, ``EditPullRequestOption``,
  ``IssueLabelsOption``, ``PullReviewRequestOptions``, ``CreateLabelOption``, ``CreateIssueCommentOption``).
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs

TEXT = {"type": "string"}
FLAG = {"type": "boolean"}
NAMES = {"type": "array", "items": TEXT}
NUMBERS = {"type": "array", "items": {"type": "integer"}}


def taken(required: str = "", **fields: Any) -> Any:
    schema = {
        "type": "object",
        "properties": fields,
        "required": required.split(),
        "additionalProperties": False,
        "minProperties": 1,
    }
    return jsonschema_rs.validator_for(schema)


GITHUB = {
    "pulls/create": taken(
        "head base",
        title={**TEXT, "minLength": 1, "maxLength": 256},
        head=TEXT,
        head_repo=TEXT,
        base=TEXT,
        body={**TEXT, "maxLength": 65_536},
        maintainer_can_modify=FLAG,
        draft=FLAG,
        issue={"type": "integer"},
    ),
    "pulls/update": taken(
        title={**TEXT, "minLength": 1, "maxLength": 256},
        body={**TEXT, "maxLength": 65_536},
        state={"enum": ["open", "closed"]},
        base=TEXT,
        maintainer_can_modify=FLAG,
    ),
    "issues/add-labels": taken(labels={**NAMES, "minItems": 1}),
    "pulls/request-reviewers": taken(reviewers=NAMES, team_reviewers=NAMES),
    "issues/create-comment": taken("body", body={**TEXT, "maxLength": 65_536}),
}
_GITLAB_OPTIONAL = {
    "description": {**TEXT, "maxLength": 1_048_576},
    "labels": TEXT,
    "reviewer_ids": NUMBERS,
    "assignee_ids": NUMBERS,
    "remove_source_branch": FLAG,
    "squash": FLAG,
    "allow_collaboration": FLAG,
}
GITLAB = {
    "create": taken(
        "source_branch target_branch title",
        source_branch=TEXT,
        target_branch=TEXT,
        title={**TEXT, "minLength": 1, "maxLength": 255},
        target_project_id={"type": "integer"},
        **_GITLAB_OPTIONAL,
    ),
    "update": taken(
        title={**TEXT, "minLength": 1, "maxLength": 255},
        target_branch=TEXT,
        add_labels=TEXT,
        remove_labels=TEXT,
        state_event={"enum": ["close", "reopen"]},
        **_GITLAB_OPTIONAL,
    ),
    "note": taken("body", body=TEXT),
}
GITEA = {
    "CreatePullRequestOption": taken(
        "head base title",
        head=TEXT,
        base=TEXT,
        title={**TEXT, "maxLength": 255},
        body=TEXT,
        labels=NUMBERS,
        reviewers=NAMES,
        team_reviewers=NAMES,
        assignees=NAMES,
        milestone={"type": "integer"},
    ),
    "EditPullRequestOption": taken(
        title={**TEXT, "maxLength": 255},
        body=TEXT,
        base=TEXT,
        labels=NUMBERS,
        state={"enum": ["open", "closed"]},
    ),
    "IssueLabelsOption": taken("labels", labels={**NUMBERS, "minItems": 1}),
    "CreateLabelOption": taken(
        "name color",
        name=TEXT,
        color={**TEXT, "pattern": "^#?[0-9a-fA-F]{6}$"},
        description=TEXT,
        exclusive=FLAG,
    ),
    "PullReviewRequestOptions": taken(reviewers=NAMES, team_reviewers=NAMES),
    "CreateIssueCommentOption": taken("body", body=TEXT),
}


def check(shapes: dict[str, Any], name: str, body: Any) -> None:
    """Fail the test where the real API does not take ``body``."""
    problems = [f"{'.'.join(map(str, e.instance_path))}: {e.message}" for e in shapes[name].iter_errors(body)]
    assert not problems, f"{name} does not take this: {problems}"
