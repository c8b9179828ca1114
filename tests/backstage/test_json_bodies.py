"""Reading the JSON of a request's body."""

import pytest

from goldenpath_backstage.backend_errors import BadRequestError
from goldenpath_backstage.http.json_bodies import read_json


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b'{"input": {"values": {"name": "x", "name": "y"}}}'])
def test_a_key_that_is_given_twice_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequestError, match="is given twice"):
        read_json(body)


def test_a_key_in_two_objects_is_accepted() -> None:
    assert read_json(b'[{"a": 1}, {"a": 2}]') == [{"a": 1}, {"a": 2}]
