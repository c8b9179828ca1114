"""``/docs``: the whole API as a page that needs nothing from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from goldenpath_backstage.app import openapi_document

if TYPE_CHECKING:
    from served_backend import Served

API = openapi_document()
OPERATIONS = [
    (path, method, operation)
    for path, entry in API["paths"].items()
    for method, operation in entry.items()
    if method in {"get", "post", "put", "delete", "patch"}
]


class Page(HTMLParser):
    """Text, ids and links of a page, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(str(value))
            elif name in {"href", "src"}:
                self.links.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(open_backend: Served) -> Page:
    answer = open_backend.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return Page(answer.text)


def test_the_page_has_every_operation_and_schema(page: Page) -> None:
    for path, method, operation in OPERATIONS:
        assert operation["operationId"] in page.ids
        assert f"{method.upper()} {path}" in page.text
        assert operation["summary"] in page.text
    assert {f"schema-{name}" for name in API["components"]["schemas"]} <= page.ids


def test_every_link_leads_somewhere_on_this_server(page: Page) -> None:
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= page.ids
    assert {link for link in page.links if not link.startswith("#")} == {"/v1/openapi.json"}
    assert page.tags.isdisjoint({"script", "style", "link", "img", "iframe"})


def test_the_page_is_not_part_of_the_api() -> None:
    assert "/docs" not in API["paths"]
