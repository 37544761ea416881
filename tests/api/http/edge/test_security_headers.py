"""Headers that keep browsers safe."""

from api.http.edge.security_headers import API_HEADERS, PAGE_HEADERS, SecurityHeaders
from tests.api.http.edge.asgi import answering, drive, headers_of, http_scope


def test_headers_are_added_and_those_of_the_answer_stay() -> None:
    sent = drive(SecurityHeaders(answering(cache_control="private"), API_HEADERS), http_scope())
    assert headers_of(sent)["cache-control"] == "private"
    assert headers_of(sent)["x-frame-options"] == "DENY"


def test_the_headers_of_the_page_win_over_those_of_the_api() -> None:
    page = SecurityHeaders(answering(), PAGE_HEADERS)
    sent = drive(SecurityHeaders(page, API_HEADERS), http_scope())
    assert headers_of(sent)["cache-control"] == "no-cache"
    assert "script-src 'self'" in headers_of(sent)["content-security-policy"]
    assert headers_of(sent)["x-content-type-options"] == "nosniff"
