"""Renders the OpenAPI document as a page for people, without scripts, styles or external files.

FastAPI's own page loads scripts from another host, which a closed network cannot reach and our
content-security-policy refuses.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_TOP: Final = "#/components/schemas/"


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Show every operation with its parameters, body and answers, and every schema."""
    return HTMLResponse("".join(_page(request.app.openapi())))


def _page(api: Mapping[str, Any]) -> Iterator[str]:
    title = f"{api['info']['title']} {api['info']['version']}"
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head><body>'
    yield f'<h1>{escape(title)}</h1><p><a href="/v1/openapi.json">/v1/openapi.json</a> is this page for programs.</p>'
    operations = [
        (path, method, entry[method])
        for path, entry in api["paths"].items()
        for method in _METHODS
        if method in entry
    ]
    yield "<ul>"
    for path, method, operation in operations:
        name = escape(operation["operationId"])
        call = f"{method.upper()} {escape(path)}"
        yield f'<li><a href="#{name}"><code>{call}</code></a> {escape(operation.get("summary", ""))}</li>'
    yield "</ul>"
    for path, method, operation in operations:
        yield from _operation(path, method, operation)
    yield "<h2>Schemas</h2>"
    for name, schema in api["components"]["schemas"].items():
        yield f'<h3 id="schema-{escape(name)}">{escape(name)}</h3>{_prose(schema)}'
        yield from _fields(schema)
    yield "</body></html>"


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2 id="{escape(operation["operationId"])}"><code>{method.upper()} {escape(path)}</code></h2>'
    yield f"<p><strong>{escape(operation.get('summary', ''))}</strong></p>{_prose(operation)}"
    rows = [
        (entry["name"], entry["in"], _type(entry["schema"]), entry.get("description", ""))
        for entry in operation.get("parameters", ())
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        rows.append(("body", kind, _type(content.get("schema", {})), ""))
    if rows:
        yield "<table><tr><th>Parameter<th>In<th>Type<th>Meaning</tr>"
        for name, place, kind, meaning in rows:
            yield f"<tr><td><code>{escape(name)}</code><td>{escape(place)}<td>{kind}<td>{escape(meaning)}</tr>"
        yield "</table>"
    yield "<table><tr><th>Answer<th>Meaning<th>Type</tr>"
    for status, answer in operation["responses"].items():
        types = [_type(content.get("schema", {})) for content in answer.get("content", {}).values()]
        meaning = escape(answer.get("description", ""))
        yield f"<tr><td>{escape(status)}<td>{meaning}<td>{', '.join(dict.fromkeys(types))}</tr>"
    yield "</table>"


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    if properties := schema.get("properties"):
        required = schema.get("required", ())
        yield "<table><tr><th>Field<th>Required<th>Type<th>Meaning</tr>"
        for name, field in properties.items():
            needed = "yes" if name in required else ""
            meaning = escape(field.get("description", ""))
            yield f"<tr><td><code>{escape(name)}</code><td>{needed}<td>{_type(field)}<td>{meaning}</tr>"
        yield "</table>"
    else:
        yield f"<p>{_type(schema)}</p>"


def _type(schema: Any) -> str:
    """Describe a schema as HTML, with a link to a referenced schema."""
    if not isinstance(schema, dict) or not schema:
        return "anything"
    if reference := schema.get("$ref"):
        name = escape(reference.removeprefix(_TOP))
        return f'<a href="#schema-{name}">{name}</a>'
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(_type(option) for option in schema[key])
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in values)
    kind = schema.get("type", "anything")
    kinds = escape(" or ".join(kind) if isinstance(kind, list) else str(kind))
    return f"{kinds} of {_type(schema['items'])}" if "items" in schema else kinds


def _prose(element: Mapping[str, Any]) -> str:
    text = element.get("description", "")
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n") if part)
