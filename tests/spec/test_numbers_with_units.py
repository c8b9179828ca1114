"""Quantities and durations are read to the exact number that Kubernetes and Go read."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import problems, reported, request

from goldenpath.spec.quantities import canonical_quantity
from goldenpath.spec.types import duration_seconds, quantity_value

POWERS = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1),
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
UNITS = {"ms": Fraction(1, 1000), "s": 1, "m": 60, "h": 3600}


@given(st.integers(0, 10**12), st.integers(0, 999), st.sampled_from(sorted(POWERS)))
def test_a_quantity_is_its_number_times_its_suffix(whole: int, thousandths: int, suffix: str) -> None:
    value = quantity_value(f"{whole}.{thousandths:03}{suffix}")
    assert Fraction(value) == (whole + Fraction(thousandths, 1000)) * POWERS[suffix]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e3", 1000), ("1E3", 1000), ("12e-1", "1.2"), ("1E", 10**18), ("1Ei", 2**60), ("+5", 5), ("-5", -5), (".5", "0.5"), ("5.", 5), ("0", 0)],
)  # fmt: skip
def test_a_quantity_may_be_written_in_every_way_of_the_api_server(text: str, value: int | str) -> None:
    assert quantity_value(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1GB", "1K", "12mi", "1e", "1e3Gi", "0x10", "1_000", "١", "1.2.3", ".", "1e99999"])  # fmt: skip
def test_invalid_quantities_are_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        quantity_value(text)
    assert refused.value.args == (text,)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("1000", "1k"), ("1500000k", "1500M"), ("1.5Gi", "1536Mi"), ("2048Gi", "2Ti"), ("1024", "1024"), ("1Ki", "1Ki"), ("0.5Ki", "512"),
     ("1000Mi", "1000Mi"), ("0.5", "500m"), ("1.0", "1"), ("64", "64"), ("0", "0"), ("0Gi", "0"), ("1e3", "1e3"), ("1.001Gi", "1074815565824m")],
)  # fmt: skip
def test_a_quantity_has_the_api_servers_spelling(text: str, canonical: str) -> None:
    assert canonical_quantity(text) == canonical


@given(st.integers(0, 10**6), st.integers(0, 999), st.sampled_from(sorted(POWERS)))
def test_the_canonical_way_to_write_a_quantity_keeps_its_value(
    whole: int, thousandths: int, suffix: str
) -> None:
    text = f"{whole}.{thousandths:03}{suffix}"
    canonical = canonical_quantity(text)
    assert canonical_quantity(canonical) == canonical
    assert 0 <= quantity_value(canonical) - quantity_value(text) < Decimal("1e-9")


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert Fraction(duration_seconds(text)) == sum(number * UNITS[unit] for number, unit in parts)


@given(st.integers(1, 999), st.sampled_from(["", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"]))
def test_every_quantity_below_8_ei_is_accepted(number: int, suffix: str) -> None:
    assert problems(request(compute={"memory": f"{number}{suffix}"})) == ()


def test_more_bytes_than_kubernetes_can_count_are_refused() -> None:
    assert problems(request(compute={"storage": str(2**63 - 1)[:15]})) == ()
    assert reported(problems(request(compute={"storage": "8Ei"}))) == [("compute.storage", "bytes", None)]


def test_a_number_may_stand_for_its_text() -> None:
    assert problems(request(compute={"cpu": 16, "memory": 1024})) == ()
    assert problems(request(compute={"cpu": 0.5})) == ()
