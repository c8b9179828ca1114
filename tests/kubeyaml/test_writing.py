"""Writing YAML: plain scalars, quoted scalars and blocks."""

from __future__ import annotations

import enum
import math

import pytest

from goldenpath import kubeyaml


@pytest.mark.parametrize(
    "text",
    [
        "vision-team", "nvidia.com/gpu", "250m", "80Gi", "1g.10gb", "10.0.0.0/8", "ReadWriteOnce", "v1.2.3",
        "ghcr.io/acme/app:1.4", "https://git.example.com/a/b.git", "oidc:platform-admins", "A team of ten",
        "./clusters/eu", "--no-remote-bases", "/spec/args/-", "sha256:abc", "a=b", "30s", "5m", "50%",
    ],
)  # fmt: skip
def test_clear_text_stays_plain(text: str) -> None:
    assert kubeyaml.scalar(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "8", "08", "-1", "+1", "1e3", "1234e56", "12:30", "12:30:45", "0x1f", "0o14", "0b1", ".5", "1.", "1_000",
        "7e0f", "no", "No", "NO", "y", "on", "true", "null", "Null", "~", "-", "=", "<<", "?", ":", "", " ", "a ", " a",
        "a: b", "a:", "a #b", "#a", "- a", "? a", "a, b", "[a]", "{a}", "*a", "&a", "!a", "|", ">", "@a", "`a", "%a",
        "'a'", '"a"', "---", "--- a", "...", "2026-01-01", "2001-12-15 2:59:43 Z", "2026-01-01T00:00:00Z",
        "inf", "nan", ".inf", "1.2.3", "٣", "é", "a\tb", "a\nb", "a\u2028b", "a\u00a0b",
    ],
)  # fmt: skip
def test_ambiguous_scalars_are_quoted(text: str) -> None:
    written = kubeyaml.scalar(text)
    assert written[0] == written[-1] == '"'
    assert kubeyaml.load(f"k: {written}") == {"k": text}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (0, "0"),
        (-(2**63), "-9223372036854775808"),
        (1.5, "1.5"),
        (1e-05, "1.0e-05"),
        ('say "hi"\\', '"say \\"hi\\"\\\\"'),
        ("a\x00\x1b\x85\u2028\ufeffb", '"a\\u0000\\u001b\\u0085\\u2028\\ufeffb"'),
        ("\U000e0001\U0001f600", '"\\U000e0001\U0001f600"'),
    ],
)
def test_values_are_written_so(value: str | float | None, written: str) -> None:
    assert kubeyaml.scalar(value) == written


class _Mode(enum.StrEnum):
    PLAIN = "device-plugin"
    WORD = "no"


class _Level(enum.IntEnum):
    HIGH = 3


def test_enumerations_are_written_by_value() -> None:
    assert [kubeyaml.scalar(item) for item in (_Mode.PLAIN, _Mode.WORD, _Level.HIGH)] == [
        "device-plugin",
        '"no"',
        "3",
    ]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 2.0**53, 2**63, -(2**63) - 1, "a\ud800"])
def test_values_outside_of_kubernetes_are_an_error(value: str | float) -> None:
    with pytest.raises(ValueError):
        kubeyaml.scalar(value)


@pytest.mark.parametrize("value", [b"a", [], {}, object()])
def test_a_value_other_than_a_scalar_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="not a YAML scalar"):
        kubeyaml.scalar(value)  # type: ignore[arg-type]


def test_blocks_have_kubernetes_form() -> None:
    value = {
        "metadata": {"name": "a", "labels": {}},
        "spec": [{"on": "y", "ports": [80, "90"]}, ["x", ["y"], []], "z", {"text": "one\n two\n\nthree"}],
        "query": "a\nb\n",
    }
    assert kubeyaml.dump(value, indent=2) == (
        "  metadata:\n"
        "    name: a\n"
        "    labels: {}\n"
        "  spec:\n"
        '  - "on": "y"\n'
        "    ports:\n"
        "    - 80\n"
        '    - "90"\n'
        "  - - x\n"
        '    - - "y"\n'
        "    - []\n"
        "  - z\n"
        "  - text: |-\n"
        "      one\n"
        "       two\n"
        "\n"
        "      three\n"
        "  query: |\n"
        "    a\n"
        "    b\n"
    )


@pytest.mark.parametrize(
    "text", ["a\n\n", "\na", " a\nb", "a \nb", "a\n  \nb", "a\tb\nc", "a\r\nb", "a\u2028\nb", "\n", "a\n"]
)
def test_text_that_a_literal_block_could_lose_is_quoted(text: str) -> None:
    assert "|" not in kubeyaml.dump({"k": text})
    assert kubeyaml.load(kubeyaml.dump({"k": text})) == {"k": text}


def test_a_stream_is_separated() -> None:
    assert kubeyaml.dump_all([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"


def test_keys_are_text_of_a_length_that_readers_take() -> None:
    with pytest.raises(TypeError, match="a key must be text"):
        kubeyaml.dump({1: 2})
    with pytest.raises(ValueError, match="too long"):
        kubeyaml.dump({"k" * 1001: 1})
    long = {"k" * 1000: 1}
    assert kubeyaml.load(kubeyaml.dump(long)) == long
