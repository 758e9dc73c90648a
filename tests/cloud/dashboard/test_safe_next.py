"""After signing in an owner is sent to a page of ours, whatever the address asked for."""

import pytest

from backsight_cloud.web.dashboard import safe_next


@pytest.mark.parametrize("wanted", ["/", "/hubs", "/cameras/74fece010203?at=1795435200000", "/me"])
def test_our_own_pages_are_gone_to(wanted: str) -> None:
    assert safe_next(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "hubs",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/hubs\r\nSet-Cookie: a=b",
        "http:/hubs",
        "///evil.example",
        "//[evil",
    ],
)
def test_every_other_address_leads_to_the_first_page(wanted: str) -> None:
    assert safe_next(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/login", "/login?next=/login", "/logout"])
def test_signing_in_never_leads_back_to_signing_in_or_out(wanted: str) -> None:
    assert safe_next(wanted) == "/"
