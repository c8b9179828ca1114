"""Open, update, find and close, over real HTTP, against three forges with a memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from goldenpath.errors import InputError
from goldenpath.forges import CommentChange, PullRequest, PullRequestPage

if TYPE_CHECKING:
    from forge_tables import Table

WANTED = PullRequest(
    head="goldenpath/vision",
    base="main",
    title="Add tenant vision",
    body="## Plan\n\n+ 21 objects\n",
    labels=("goldenpath", "Team Vision"),
    reviewers=("@anna",),
)


def test_a_pull_request_is_opened_with_all_fields(each: Table) -> None:
    opened = each.forge.open_or_update(WANTED)
    (pull,) = each.memory.pulls
    assert (opened.number, opened.created, opened.updated, opened.warnings) == (1, True, False, ())
    assert opened.url.startswith("https://")
    assert (pull.title, pull.body) == (WANTED.title, WANTED.body)
    assert (pull.labels, pull.people) == (["goldenpath", "Team Vision"], ["anna"])


def test_the_same_again_changes_nothing_and_sends_nothing(each: Table) -> None:
    each.forge.open_or_update(WANTED)
    before = len(each.server.writes())
    again = each.forge.open_or_update(replace(WANTED, labels=("GOLDENPATH",), reviewers=("Anna",)))
    assert (again.number, again.created, again.updated) == (1, False, False)
    assert len(each.server.writes()) == before
    assert len(each.memory.pulls) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Change tenant vision"},
        {"body": "## Plan\n\n- 2 objects\n"},
        {"labels": ("goldenpath", "Team Vision", "gpu")},
        {"reviewers": ("anna", "bela")},
    ],
)
def test_an_open_pull_request_is_changed_only_in_differing_fields(
    each: Table, change: dict[str, object]
) -> None:
    each.forge.open_or_update(WANTED)
    before = len(each.server.writes())
    updated = each.forge.open_or_update(replace(WANTED, **change))
    (pull,) = each.memory.pulls
    assert (updated.created, updated.updated, updated.warnings) == (False, True, ())
    extra = 1 if "labels" in change and each.played.kind == "gitea" else 0  # there, a label is made first
    assert len(each.server.writes()) == before + 1 + extra
    assert (pull.title, pull.body) == (change.get("title", WANTED.title), change.get("body", WANTED.body))
    assert pull.labels == list(change.get("labels", WANTED.labels))  # type: ignore[call-overload]
    assert len(pull.people) == len(change.get("reviewers", WANTED.reviewers))  # type: ignore[arg-type]


def test_line_ends_and_space_at_the_end_are_no_difference(each: Table) -> None:
    each.forge.open_or_update(WANTED)
    each.memory.pulls[0].body = WANTED.body.replace("\n", "\r\n").rstrip()
    assert not each.forge.open_or_update(WANTED).updated


def test_labels_and_reviewers_of_others_stay(each: Table) -> None:
    each.forge.open_or_update(WANTED)
    (pull,) = each.memory.pulls
    pull.labels.append("urgent")
    pull.people.append("bela")
    each.forge.open_or_update(replace(WANTED, title="New title", labels=("gpu",)))
    assert pull.labels == ["goldenpath", "Team Vision", "urgent", "gpu"]
    assert pull.people == ["anna", "bela"]


def test_a_closed_one_is_left_alone_and_a_new_one_is_made(each: Table) -> None:
    each.forge.open_or_update(WANTED)
    each.memory.pulls[0].open = False
    each.memory.pulls[0].title = "Closed for a reason"
    assert each.forge.find(WANTED.head, WANTED.base) is None
    opened = each.forge.open_or_update(WANTED)
    assert (opened.number, opened.created) == (2, True)
    assert [(pull.open, pull.title) for pull in each.memory.pulls] == [
        (False, "Closed for a reason"),
        (True, WANTED.title),
    ]
    assert each.forge.open_or_update(replace(WANTED, body="New")).number == 2


def test_one_of_a_fork_or_to_another_branch_is_another_one(each: Table) -> None:
    each.memory.open(fork=True)
    each.memory.open(base="release/1.0")
    assert each.forge.find(WANTED.head, WANTED.base) is None
    found = each.forge.find(WANTED.head, "release/1.0")
    assert found is not None
    assert found.number == 2


def test_one_behind_many_is_found_on_a_later_page(gitea: Table) -> None:
    gitea.memory.open(open=False)
    for number in range(120):
        gitea.memory.open(head=f"goldenpath/tenant-{number}")
    wanted = gitea.memory.open()
    found = gitea.forge.find(WANTED.head, WANTED.base)
    assert found is not None
    assert found.number == wanted.number
    assert [r.query["page"] for r in gitea.server.seen if r.segments[-1] == "pulls"] == ["1", "2", "3"]


def test_finding_needs_no_token(each: Table) -> None:
    each.memory.open()
    each.server.forge = each.played.answer  # a public repository: whoever asks is answered
    found = each.forge_with(token=None).find(WANTED.head, WANTED.base)
    assert found is not None
    assert "authorization" not in each.server.seen[0].headers


def test_teams_are_asked_where_the_forge_has_teams(each: Table) -> None:
    wanted = replace(WANTED, teams=("@northwind/vision-team", "platform"))
    opened = each.forge.open_or_update(wanted)
    (pull,) = each.memory.pulls
    if each.played.kind == "gitlab":
        assert ["on GitLab only people review" in text for text in opened.warnings] == [True, True]
    else:
        assert (pull.teams, opened.warnings) == (["vision-team", "platform"], ())


@pytest.mark.parametrize("kind", ["person", "team", "both"])
def test_an_unknown_reviewer_is_a_warning_and_the_others_are_requested(each: Table, kind: str) -> None:
    nobody = ("nobody",) if kind != "team" else ()
    no_team = ("no-team", "elsewhere/vision-team") if kind != "person" else ()
    opened = each.forge.open_or_update(
        replace(WANTED, reviewers=(*nobody, "anna"), teams=(*no_team, "vision-team"))
    )
    (pull,) = each.memory.pulls
    assert opened.created
    assert pull.people == ["anna"]
    about = [name for name in (*nobody, *no_team) if any(name in text for text in opened.warnings)]
    assert about == [*nobody, *no_team]
    assert not any("anna was" in text for text in opened.warnings)
    assert pull.teams == ([] if each.played.kind == "gitlab" else ["vision-team"])


def test_the_author_is_not_asked_to_review(each: Table) -> None:
    opened = each.forge.open_or_update(replace(WANTED, reviewers=("Robot",)))
    if each.played.kind == "gitlab":  # allows it, and takes it with the first call
        return
    assert (opened.warnings, each.memory.pulls[0].people) == ((), [])


def test_a_reviewer_who_has_answered_is_not_asked_again(each: Table) -> None:
    wanted = replace(WANTED, teams=() if each.played.kind == "gitlab" else ("vision-team",))
    each.forge.open_or_update(wanted)
    (pull,) = each.memory.pulls
    if each.played.kind == "github":  # there, a team whose member has reviewed is not waited for any more
        each.memory.review(pull, "anna")
    else:
        pull.reviewed.append("anna")
        pull.people = ["anna"] if each.played.kind == "gitlab" else []
    before = len(each.server.writes())
    assert not each.forge.open_or_update(wanted).updated
    assert len(each.server.writes()) == before


def test_a_plan_with_one_reviewer_only_is_a_warning_each_time_and_no_change(gitlab: Table) -> None:
    gitlab.memory.one_reviewer_only = True
    first = gitlab.forge.open_or_update(replace(WANTED, reviewers=("anna", "bela")))
    again = gitlab.forge.open_or_update(replace(WANTED, reviewers=("anna", "bela")))
    assert "bela" in first.warnings[0]
    assert (again.warnings, again.updated) == (first.warnings, False)


def test_a_draft_is_made_and_never_unmade(each: Table) -> None:
    each.forge.open_or_update(replace(WANTED, draft=True))
    (pull,) = each.memory.pulls
    mark = {"github": "", "gitlab": "Draft: ", "gitea": "WIP: "}[each.played.kind]
    assert pull.title == mark + WANTED.title
    assert pull.draft == (each.played.kind == "github")
    assert not each.forge.open_or_update(WANTED).updated
    each.forge.open_or_update(replace(WANTED, title="New title"))
    assert pull.title == mark + "New title"
    pull.title = "New title"  # somebody says that it is ready
    assert not each.forge.open_or_update(replace(WANTED, title="New title", draft=True)).updated


def test_without_drafts_a_pull_request_is_opened_ready(github: Table) -> None:
    github.memory.drafts = False
    opened = github.forge.open_or_update(replace(WANTED, draft=True))
    assert opened.created
    assert "no drafts" in opened.warnings[0]
    assert not github.memory.pulls[0].draft


def test_labels_of_the_organisation_are_used_and_not_made_again(gitea: Table) -> None:
    gitea.memory.organisation_labels = {f"other-{number}": 500 + number for number in range(60)}
    gitea.memory.organisation_labels["Goldenpath"] = 900
    gitea.forge.open_or_update(replace(WANTED, labels=("goldenpath", "gpu")))
    assert gitea.memory.pulls[0].labels == ["Goldenpath", "gpu"]
    assert list(gitea.memory.labels) == ["gpu"]


def test_a_label_that_the_forge_cannot_hold_is_a_warning(gitlab: Table) -> None:
    opened = gitlab.forge.open_or_update(replace(WANTED, labels=("a,b", "gpu")))
    assert gitlab.memory.pulls[0].labels == ["gpu"]
    assert opened.warnings == ("Label a,b was not added: GitLab allows no comma in a label",)


def test_the_branch_is_removed_after_the_merge(gitlab: Table) -> None:
    gitlab.forge.open_or_update(WANTED)
    (request,) = [r for r in gitlab.server.seen if r.method == "POST"]
    assert request.body["remove_source_branch"] is True
    assert request.body["labels"] == "goldenpath,Team Vision"
    assert request.body["reviewer_ids"] == [100]


def test_closing_adds_one_comment_with_the_reason(each: Table) -> None:
    number = each.forge.open_or_update(WANTED).number
    closed = each.forge.close(number, "The request was withdrawn.")
    again = each.forge.close(number, "The request was withdrawn.")
    (pull,) = each.memory.pulls
    assert (closed.closed, again.closed) == (True, False)
    assert (pull.open, pull.comments) == (False, ["The request was withdrawn."])


def test_long_texts_are_cut_to_the_forges_limit(each: Table) -> None:
    body = "".join(f"+ object number {number} 🙂\n" for number in range(60_000))
    wanted = replace(WANTED, title="Add " + "very " * 100 + "many", body=body, draft=True)
    each.forge.open_or_update(wanted)
    (pull,) = each.memory.pulls
    assert pull.title.endswith("…")
    assert pull.body.endswith("more lines do not fit here. `goldenpath plan` shows all of them.*\n")
    assert not each.forge.open_or_update(wanted).updated


@pytest.mark.parametrize("field", ["head", "base", "title"])
def test_missing_fields_are_reported_before_any_call(each: Table, field: str) -> None:
    with pytest.raises(InputError, match=f"{field}: must not be empty"):
        each.forge.open_or_update(replace(WANTED, **{field: " "}))
    with pytest.raises(InputError, match="must differ from base"):
        each.forge.open_or_update(replace(WANTED, base=WANTED.head))
    assert each.server.calls() == []


MARK = "<!-- goldenpath plan -->"


def test_a_comment_is_created_then_changed_then_unchanged(each: Table) -> None:
    number = each.forge.open_or_update(WANTED).number
    (pull,) = each.memory.pulls
    pull.comments += ["Looks good.", *(f"line {n}" for n in range(60))]
    others = list(pull.comments)
    assert each.forge.keep_comment(number, "one", mark=MARK) is CommentChange.CREATED
    assert each.forge.keep_comment(number, "two", mark=MARK) is CommentChange.UPDATED
    before = len(each.server.writes())
    assert each.forge.keep_comment(number, "two", mark=MARK) is CommentChange.UNCHANGED
    assert len(each.server.writes()) == before
    assert pull.comments == [*others, f"{MARK}\ntwo"]


def test_a_long_comment_is_cut_to_the_forges_limit(each: Table) -> None:
    number = each.forge.open_or_update(WANTED).number
    text = "a line of a plan\n" * 100_000
    assert each.forge.keep_comment(number, text, mark=MARK) is CommentChange.CREATED
    assert each.forge.keep_comment(number, text, mark=MARK) is CommentChange.UNCHANGED
    ((comment,),) = [pull.comments for pull in each.memory.pulls]
    assert "more lines do not fit here" in comment


@pytest.mark.parametrize(
    ("url", "remote", "kind"),
    [
        ("https://github.com/a/b/pull/12", "https://github.com/a/b.git", "github"),
        ("https://git.example.org:8443/a/b/c/-/merge_requests/12", "https://git.example.org:8443/a/b/c.git", "gitlab"),
        ("http://127.0.0.1:3000/a/b/pulls/12/", "http://127.0.0.1:3000/a/b.git", "gitea"),
    ],
)  # fmt: skip
def test_the_page_of_a_pull_request_leads_to_its_repository(url: str, remote: str, kind: str) -> None:
    assert PullRequestPage.parse(url) == PullRequestPage(remote, kind, 12)


@pytest.mark.parametrize(
    "url", ["https://github.com/a/b", "git@github.com:a/b.git", "https://x/pull/0", "12"]
)
def test_a_url_of_another_page_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="must be the page of a pull request"):
        PullRequestPage.parse(url)


def test_a_closed_pull_request_is_found_and_a_merged_one_is_not(each: Table) -> None:
    opened = each.forge.open_or_update(WANTED)
    assert each.forge.find_declined(WANTED.head, WANTED.base) is None
    (pull,) = each.memory.pulls
    pull.open = False
    declined = each.forge.find_declined(WANTED.head, WANTED.base)
    assert declined is not None
    assert (declined.number, declined.url) == (opened.number, opened.url)
    pull.merged = True
    assert each.forge.find_declined(WANTED.head, WANTED.base) is None
