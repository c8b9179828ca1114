"""Series and labels that a query selects, from a parser of PromQL."""

from __future__ import annotations

from typing import Any, NamedTuple

import promql_parser

__all__ = ["Selector", "selectors"]

_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


class Selector(NamedTuple):
    """One selector: the name of its series, and its label matchers (``namespace="vision"``)."""

    series: str
    matchers: frozenset[str]


def selectors(query: str) -> list[Selector]:
    """Every selector of a query, in its order.

    Raises:
        ValueError: it is no PromQL.
    """
    found: list[Selector] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            asked = [f'{one.name}{_OPERATORS[str(one.op)]}"{one.value}"' for one in node.matchers.matchers]
            found.append(Selector(node.name or "", frozenset(asked)))

    promql_parser.walk(promql_parser.parse(query), visit)
    return found
