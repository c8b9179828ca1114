"""Three stateful stand-ins for forges, with the answers of the real ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loopback_forges import Reply, Request
from recorded_shapes import GITEA, GITHUB, GITLAB, check

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN = "tok3n-of-the-tests"
OWNER, NAME = "northwind", "fleet"
PAGE = 50


@dataclass
class Pull:
    number: int
    head: str
    base: str
    title: str
    body: str
    open: bool = True
    merged: bool = False
    draft: bool = False
    fork: bool = False
    labels: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    reviewed: list[str] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


@dataclass
class Memory:
    """The state of one repository, and of what is around it."""

    branches: set[str] = field(default_factory=lambda: {"main", "goldenpath/vision", "release/1.0"})
    same_commits: bool = False
    drafts: bool = True
    people: tuple[str, ...] = ("anna", "bela", "robot")
    teams: tuple[str, ...] = ("vision-team", "platform")
    author: str = "robot"
    pulls: list[Pull] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    label_names: dict[int, str] = field(default_factory=dict)
    organisation_labels: dict[str, int] = field(default_factory=dict)
    one_reviewer_only: bool = False

    def open(self, head: str = "goldenpath/vision", base: str = "main", **more: Any) -> Pull:
        pull = Pull(
            number=len(self.pulls) + 1, head=head, base=base, title="Old title", body="Old body", **more
        )
        self.pulls.append(pull)
        return pull

    def by_number(self, number: str) -> Pull | None:
        return next((pull for pull in self.pulls if str(pull.number) == number), None)

    def between(self, head: str, base: str, *, is_open: bool = True) -> list[Pull]:
        return [p for p in self.pulls if p.open == is_open and p.head == head and p.base == base]

    def review(self, pull: Pull, person: str) -> None:
        pull.people = [name for name in pull.people if name != person]
        pull.teams = []
        pull.reviewed.append(person)


class Played:
    """Common parts of the three: authentication and pages."""

    base: str
    scheme: str
    size_word = "per_page"

    def __init__(self) -> None:
        self.memory = Memory()

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"{self.scheme} {TOKEN}":
            return Reply(401, {"message": self.stranger})
        assert request.headers["user-agent"].startswith("goldenpath")
        if request.method != "GET":
            assert request.headers["content-type"] == "application/json"
        return self.answer(request)

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def paged(self, request: Request, items: Iterable[dict[str, Any]], most: int = 100) -> Reply:
        everything = list(items)
        size = min(int(request.query.get(self.size_word, "30")), most)
        page = int(request.query.get("page", "1"))
        headers = {}
        if page < math.ceil(len(everything) / size):
            # As behind a proxy: the forge believes to be somewhere else.
            headers["link"] = f'<https://inside.example/api?page={page + 1}>; rel="next"'
        return Reply(200, everything[(page - 1) * size : page * size], headers)


class PlayedGitHub(Played):
    kind, base, scheme, stranger = "github", "/api/v3", "Bearer", "Bad credentials"

    def answer(self, request: Request) -> Reply:  # noqa: C901, PLR0911
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["x-github-api-version"] == "2022-11-28"
        if request.segments[:3] != ("repos", OWNER, NAME):
            return Reply(404, {"message": "Not Found", "documentation_url": "…", "status": "404"})
        match request.method, request.segments[3:]:
            case "GET", ("pulls",):
                owner, _, head = request.query["head"].partition(":")
                assert owner == OWNER
                is_open = {"open": True, "closed": False}[request.query["state"]]
                found = self.memory.between(head, request.query["base"], is_open=is_open)
                return self.paged(request, [self.shape(pull) for pull in found])
            case "POST", ("pulls",):
                return self.create(request.body)
            case "GET", ("pulls", number) if pull := self.memory.by_number(number):
                return Reply(200, self.shape(pull))
            case "PATCH", ("pulls", number) if pull := self.memory.by_number(number):
                check(GITHUB, "pulls/update", request.body)
                pull.title = request.body.get("title", pull.title)
                pull.body = request.body.get("body", pull.body)
                pull.open = request.body.get("state", "open") == "open"
                return Reply(200, self.shape(pull))
            case "POST", ("pulls", number, "requested_reviewers") if pull := self.memory.by_number(number):
                return self.request_reviewers(pull, request.body)
            case "POST", ("issues", number, "labels") if pull := self.memory.by_number(number):
                check(GITHUB, "issues/add-labels", request.body)
                pull.labels += [label for label in request.body["labels"] if label not in pull.labels]
                return Reply(200, [{"id": 1, "name": label, "color": "ededed"} for label in pull.labels])
            case "POST", ("issues", number, "comments") if pull := self.memory.by_number(number):
                check(GITHUB, "issues/create-comment", request.body)
                pull.comments.append(request.body["body"])
                return Reply(201, {"id": len(pull.comments), "body": request.body["body"]})
            case "GET", ("issues", number, "comments") if pull := self.memory.by_number(number):
                shapes = [{"id": n, "body": body} for n, body in enumerate(pull.comments, 1)]
                return self.paged(request, shapes)
            case "PATCH", ("issues", "comments", comment):
                check(GITHUB, "issues/create-comment", request.body)
                (pull,) = self.memory.pulls
                pull.comments[int(comment) - 1] = request.body["body"]
                return Reply(200, {"id": int(comment), "body": request.body["body"]})
            case "GET", ("issues", number, "events") if pull := self.memory.by_number(number):
                return self.paged(request, [{"event": "renamed"}, *self.events(pull)])
        return Reply(404, {"message": "Not Found", "documentation_url": "…", "status": "404"})

    def create(self, body: Any) -> Reply:
        check(GITHUB, "pulls/create", body)
        if body["base"] not in self.memory.branches:
            return self.invalid({"resource": "PullRequest", "field": "base", "code": "invalid"})
        if body["head"] not in self.memory.branches:
            return self.invalid({"resource": "PullRequest", "field": "head", "code": "invalid"})
        if self.memory.same_commits:
            return self.custom(f"No commits between {body['base']} and {body['head']}")
        if self.memory.between(body["head"], body["base"]):
            return self.custom(f"A pull request already exists for {OWNER}:{body['head']}.")
        if body.get("draft") and not self.memory.drafts:
            return Reply(422, {"message": "Draft pull requests are not supported in this repository."})
        pull = self.memory.open(body["head"], body["base"], draft=body.get("draft", False))
        pull.title, pull.body = body["title"], body.get("body", "")
        return Reply(201, self.shape(pull))

    def request_reviewers(self, pull: Pull, body: Any) -> Reply:
        check(GITHUB, "pulls/request-reviewers", body)
        people, teams = body.get("reviewers", []), body.get("team_reviewers", [])
        if self.memory.author in people:
            return Reply(422, {"message": "Review cannot be requested from pull request author."})
        if not {*people} <= {*self.memory.people} or not {*teams} <= {*self.memory.teams}:
            text = "Reviews may only be requested from collaborators. One or more of the users or teams you "
            return Reply(
                422, {"message": text + f"specified is not a collaborator of the {OWNER}/{NAME} repository."}
            )
        pull.people += people
        pull.teams += teams
        pull.history += [("person", name) for name in people] + [("team", name) for name in teams]
        return Reply(201, self.shape(pull))

    def events(self, pull: Pull) -> list[dict[str, Any]]:
        events = []
        for kind, name in pull.history:
            who = (
                {"requested_team": {"slug": name}}
                if kind == "team"
                else {"requested_reviewer": {"login": name}}
            )
            events.append(
                {"event": "review_requested", "review_requester": {"login": self.memory.author}, **who}
            )
        return events

    def custom(self, message: str) -> Reply:
        return self.invalid({"resource": "PullRequest", "code": "custom", "message": message})

    def invalid(self, error: dict[str, str]) -> Reply:
        return Reply(
            422,
            {"message": "Validation Failed", "errors": [error], "documentation_url": "…", "status": "422"},
        )

    def shape(self, pull: Pull) -> dict[str, Any]:
        return {
            "id": 1000 + pull.number,
            "number": pull.number,
            "state": "open" if pull.open else "closed",
            "title": pull.title,
            "body": pull.body or None,
            "draft": pull.draft,
            "merged_at": "2026-11-30T00:00:00Z" if pull.merged else None,
            "html_url": f"https://github.example/{OWNER}/{NAME}/pull/{pull.number}",
            "user": {"login": self.memory.author},
            "labels": [{"id": 1, "name": label} for label in pull.labels],
            "requested_reviewers": [{"login": name} for name in pull.people],
            "requested_teams": [{"slug": name, "name": name.title()} for name in pull.teams],
            "head": {"ref": pull.head, "repo": {"id": 2 if pull.fork else 1}},
            "base": {"ref": pull.base, "repo": {"id": 1}},
        }


class PlayedGitLab(Played):
    kind, base, scheme, stranger = "gitlab", "/api/v4", "Bearer", "401 Unauthorized"

    def answer(self, request: Request) -> Reply:  # noqa: C901, PLR0911
        if request.segments == ("users",):
            name = request.query["username"]
            found = [p for p in self.memory.people if p.lower() == name.lower()]
            return Reply(200, [{"id": self.number(p), "username": p, "state": "active"} for p in found])
        if request.segments[:2] != ("projects", f"{OWNER}/{NAME}"):
            return Reply(404, {"message": "404 Project Not Found"})
        match request.method, request.segments[2:]:
            case "GET", ("merge_requests",):
                is_open = {"opened": True, "closed": False}[request.query["state"]]
                source, target = request.query["source_branch"], request.query["target_branch"]
                found = [p for p in self.memory.between(source, target, is_open=is_open) if not p.merged]
                return self.paged(request, [self.shape(pull) for pull in found])
            case "POST", ("merge_requests",):
                return self.create(request.body)
            case "GET", ("merge_requests", number) if pull := self.memory.by_number(number):
                return Reply(200, self.shape(pull))
            case "PUT", ("merge_requests", number) if pull := self.memory.by_number(number):
                return self.update(pull, request.body)
            case "POST", ("merge_requests", number, "notes") if pull := self.memory.by_number(number):
                check(GITLAB, "note", request.body)
                pull.comments.append(request.body["body"])
                return Reply(201, {"id": len(pull.comments), "body": request.body["body"]})
            case "GET", ("merge_requests", number, "notes") if pull := self.memory.by_number(number):
                shapes = [{"id": n, "body": body} for n, body in enumerate(pull.comments, 1)]
                return self.paged(request, shapes)
            case "PUT", ("merge_requests", _, "notes", comment):
                check(GITLAB, "note", request.body)
                (pull,) = self.memory.pulls
                pull.comments[int(comment) - 1] = request.body["body"]
                return Reply(200, {"id": int(comment), "body": request.body["body"]})
            case "GET", ("repository", "branches", branch):
                there = branch in self.memory.branches
                return (
                    Reply(200, {"name": branch}) if there else Reply(404, {"message": "404 Branch Not Found"})
                )
        return Reply(404, {"error": "404 Not Found"})

    def number(self, person: str) -> int:
        return 100 + self.memory.people.index(person)

    def create(self, body: Any) -> Reply:
        check(GITLAB, "create", body)
        for branch in (body["source_branch"], body["target_branch"]):
            if branch not in self.memory.branches:
                return Reply(400, {"message": {"base": ["is invalid"]}})
        if there := self.memory.between(body["source_branch"], body["target_branch"]):
            text = f"Another open merge request already exists for this source branch: !{there[0].number}"
            return Reply(409, {"message": [text]})
        pull = self.memory.open(body["source_branch"], body["target_branch"])
        pull.title, pull.body = body["title"], body.get("description", "")
        pull.labels = body["labels"].split(",") if body.get("labels") else []
        self.set_reviewers(pull, body.get("reviewer_ids", []))
        return Reply(201, self.shape(pull))

    def update(self, pull: Pull, body: Any) -> Reply:
        check(GITLAB, "update", body)
        pull.title = body.get("title", pull.title)
        pull.body = body.get("description", pull.body)
        pull.labels += [label for label in body.get("add_labels", "").split(",") if label]
        if "reviewer_ids" in body:
            self.set_reviewers(pull, body["reviewer_ids"])
        if body.get("state_event") == "close":
            pull.open = False
        return Reply(200, self.shape(pull))

    def set_reviewers(self, pull: Pull, numbers: list[int]) -> None:
        people = [self.memory.people[number - 100] for number in numbers]
        pull.people = people[:1] if self.memory.one_reviewer_only else people

    def shape(self, pull: Pull) -> dict[str, Any]:
        return {
            "id": 1000 + pull.number,
            "iid": pull.number,
            "state": "opened" if pull.open else "closed",
            "title": pull.title,
            "description": pull.body or None,
            "draft": pull.title.startswith("Draft:"),
            "web_url": f"https://gitlab.example/{OWNER}/{NAME}/-/merge_requests/{pull.number}",
            "author": {"id": 1, "username": self.memory.author},
            "labels": pull.labels,
            "reviewers": [{"id": self.number(name), "username": name} for name in pull.people],
            "source_branch": pull.head,
            "target_branch": pull.base,
            "source_project_id": 2 if pull.fork else 1,
            "target_project_id": 1,
        }


class PlayedGitea(Played):
    kind, base, scheme, size_word = "gitea", "/api/v1", "token", "limit"
    stranger = "user does not exist [uid: 0, name: ]"

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911, PLR0912, C901
        if request.segments == ("orgs", OWNER, "labels"):
            return self.paged(request, self.label_shapes(self.memory.organisation_labels), PAGE)
        if request.segments[:3] != ("repos", OWNER, NAME):
            return self.not_found()
        match request.method, request.segments[3:]:
            case "GET", ("pulls",):
                is_open = {"open": True, "closed": False}[request.query["state"]]
                # Older ones do not know `base_branch`, and hand out all.
                return self.paged(
                    request, [self.shape(p) for p in self.memory.pulls if p.open == is_open], PAGE
                )
            case "POST", ("pulls",):
                return self.create(request.body)
            case "GET", ("pulls", number) if pull := self.memory.by_number(number):
                return Reply(200, self.shape(pull))
            case "PATCH", ("pulls", number) if pull := self.memory.by_number(number):
                check(GITEA, "EditPullRequestOption", request.body)
                pull.title = request.body.get("title", pull.title)
                pull.body = request.body.get("body", pull.body)
                pull.open = request.body.get("state", "open") == "open"
                return Reply(201, self.shape(pull))
            case "POST", ("pulls", number, "requested_reviewers") if pull := self.memory.by_number(number):
                return self.request_reviewers(pull, request.body)
            case "GET", ("pulls", number, "reviews") if pull := self.memory.by_number(number):
                reviews = [{"id": 1, "state": "APPROVED", "user": {"login": name}} for name in pull.reviewed]
                return self.paged(request, reviews, PAGE)
            case "GET", ("pulls", base, *head):
                # The first of that pair, open or not.
                found = [
                    p for p in self.memory.pulls if (p.base, p.head, p.fork) == (base, "/".join(head), False)
                ]
                return Reply(200, self.shape(found[0])) if found else self.not_found()
            case "GET", ():
                return Reply(200, {"id": 1, "name": NAME})
            case "GET", ("labels",):
                return self.paged(request, self.label_shapes(self.memory.labels), PAGE)
            case "POST", ("labels",):
                check(GITEA, "CreateLabelOption", request.body)
                # A second one of the same name is taken, and is another label.
                number = 1 + len(self.memory.label_names)
                self.memory.labels[request.body["name"]] = number
                self.memory.label_names[number] = request.body["name"]
                return Reply(
                    201, {"id": number, "name": request.body["name"], "color": request.body["color"]}
                )
            case "POST", ("issues", number, "labels") if pull := self.memory.by_number(number):
                check(GITEA, "IssueLabelsOption", request.body)
                organisation = {n: name for name, n in self.memory.organisation_labels.items()}
                names = organisation | self.memory.label_names
                pull.labels += [names[n] for n in request.body["labels"] if names[n] not in pull.labels]
                return Reply(200, self.label_shapes(dict.fromkeys(pull.labels, 1)))
            case "POST", ("issues", number, "comments") if pull := self.memory.by_number(number):
                check(GITEA, "CreateIssueCommentOption", request.body)
                pull.comments.append(request.body["body"])
                return Reply(201, {"id": len(pull.comments), "body": request.body["body"]})
            case "GET", ("issues", number, "comments") if pull := self.memory.by_number(number):
                shapes = [{"id": n, "body": body} for n, body in enumerate(pull.comments, 1)]
                return self.paged(request, shapes)
            case "PATCH", ("issues", "comments", comment):
                check(GITEA, "CreateIssueCommentOption", request.body)
                (pull,) = self.memory.pulls
                pull.comments[int(comment) - 1] = request.body["body"]
                return Reply(200, {"id": int(comment), "body": request.body["body"]})
            case "GET", ("branches", branch):
                if branch in self.memory.branches:
                    return Reply(200, {"name": branch})
                return self.not_found()
        return self.not_found()

    def not_found(self, message: str = "not found") -> Reply:
        return Reply(404, {"errors": None, "message": message, "url": "https://gitea.example/api/swagger"})

    def create(self, body: Any) -> Reply:
        check(GITEA, "CreatePullRequestOption", body)
        if not {body["head"], body["base"]} <= self.memory.branches:
            return self.not_found()
        if there := self.memory.between(body["head"], body["base"]):
            text = f"pull request already exists for these targets [id: 1, issue_id: {there[0].number}, …]"
            return Reply(409, {"message": text, "url": "https://gitea.example/api/swagger"})
        pull = self.memory.open(body["head"], body["base"])
        pull.title, pull.body = body["title"], body.get("body", "")
        return Reply(201, self.shape(pull))

    def request_reviewers(self, pull: Pull, body: Any) -> Reply:
        check(GITEA, "PullReviewRequestOptions", body)
        for name in body.get("reviewers", []):
            if name not in self.memory.people:
                return self.not_found(f"User '{name}' not exist")
            pull.people.append(name)
        for name in body.get("team_reviewers", []):
            if name not in self.memory.teams:
                return self.not_found(f"Team '{name}' not exist")
            pull.teams.append(name)
        return Reply(201, [{"id": 1, "state": "REQUEST_REVIEW"}])

    def label_shapes(self, labels: dict[str, int]) -> list[dict[str, Any]]:
        return [{"id": number, "name": name, "color": "00aabb"} for name, number in labels.items()]

    def shape(self, pull: Pull) -> dict[str, Any]:
        return {
            "id": 1000 + pull.number,
            "number": pull.number,
            "state": "open" if pull.open else "closed",
            "title": pull.title,
            "body": pull.body,
            "draft": pull.title.startswith("WIP:"),
            "merged": pull.merged,
            "html_url": f"https://gitea.example/{OWNER}/{NAME}/pulls/{pull.number}",
            "user": {"login": self.memory.author},
            "labels": self.label_shapes(dict.fromkeys(pull.labels, 1)),
            "requested_reviewers": [{"login": name} for name in pull.people],
            "requested_reviewers_teams": [{"name": name} for name in pull.teams],
            "head": {"ref": pull.head, "repo_id": 2 if pull.fork else 1},
            "base": {"ref": pull.base, "repo_id": 1},
        }
