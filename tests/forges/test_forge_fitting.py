"""Texts that are too long are cut at a readable place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from goldenpath.forges.size_limits import fit_body, fit_title, same_text


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_a_text_within_the_limit_is_unchanged() -> None:
    assert fit_body("a\nb", 3) == "a\nb"
    assert fit_title("Add tenant vision", 17) == "Add tenant vision"


def test_a_cut_closes_the_code_and_the_folds_that_are_open() -> None:
    lines = [f"+ line {number}" for number in range(400)]
    body = "\n".join(
        ["<details>", "<summary>Objects</summary>", "", "````diff", "```", *lines, "````", "</details>"]
    )
    cut = fit_body(body, 1000)
    assert len(cut) <= 1000
    before, _, after = cut.partition("\n````\n</details>\n\n*")
    assert before.startswith("<details>")
    assert before.splitlines()[-1] in lines
    kept = len(before.splitlines())
    assert (
        after
        == f"{len(body.splitlines()) - kept} more lines do not fit here. `goldenpath plan` shows all of them.*\n"
    )


def test_code_that_is_closed_is_not_closed_again() -> None:
    cut = fit_body("```\na\n```\n" + "word\n" * 500, 1000)
    assert cut.count("```") == 2


def test_a_title_is_one_line() -> None:
    assert fit_title("Add\n  tenant\tvision", 99) == "Add tenant vision"
    assert fit_title("Add tenant vision", 10) == "Add tenan…"


@given(st.text("ab🙂\n`~<>/details ", max_size=3000), st.integers(500, 2000))
def test_nothing_is_longer_than_the_forge_takes(text: str, limit: int) -> None:
    assert utf16(fit_body(text, limit)) <= limit
    assert utf16(fit_title(text, 50)) <= 50


@given(st.text("ab\n ", max_size=20))
def test_line_ends_are_no_difference(text: str) -> None:
    assert same_text(text, text.replace("\n", "\r\n") + " \n")
    assert same_text("", None)
    assert not same_text(text, text + "c")
