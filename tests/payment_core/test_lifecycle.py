"""Headers that say how long a version of the API lasts."""

from __future__ import annotations

import pytest

from payment_core.lifecycle import headers_of_request, headers_of_stage

ENDING = {
    "deprecated_on": "2027-01-31T00:00:00Z",
    "sunset_on": "2027-07-01T00:00:00Z",
    "successor": "https://api.payments.example/v2/payments",
}
SAID = {
    "Deprecation": "@1801353600",
    "Sunset": "Thu, 01 Jul 2027 00:00:00 GMT",
    "Link": '<https://api.payments.example/v2/payments>; rel="successor-version"',
}


def test_functions_and_services_say_the_same() -> None:
    assert headers_of_stage(ENDING) == SAID
    mapped = {f"x-api-{name.replace('_', '-')}": value for name, value in ENDING.items()}
    assert headers_of_request({**mapped, "accept": "*/*"}) == SAID


@pytest.mark.parametrize("name", ENDING)
def test_what_is_not_decided_is_not_said(name: str) -> None:
    assert headers_of_stage({}) == {}
    assert len(headers_of_stage({name: ENDING[name]})) == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"deprecated_on": "soon"},
        {"sunset_on": "2027-13-01T00:00:00Z"},
        {"successor": "javascript:alert(1)"},
        {"successor": "https://x.example/>; rel=stylesheet"},
    ],
)
def test_what_cannot_be_read_is_left_out(variables: dict[str, str]) -> None:
    assert headers_of_stage(variables) == {}
