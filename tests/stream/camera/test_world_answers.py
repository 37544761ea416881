"""Every status of HTTP and RTSP has a sentence that names it and says what to do."""

from http import HTTPStatus

from stream.camera.answers import HTTP, RTSP, explain_http, explain_rtsp

# RFC 2326, section 7.1.1, and RFC 7826, section 17.
RTSP_CODES = (
    *(300, 301, 302, 303, 304, 305),
    *(400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 411, 412, 413, 414, 415),
    *range(451, 467),
    *(470, 471, 472, 500, 501, 502, 503, 504, 505, 551, 553),
)


def test_every_code_that_a_standard_names_has_its_own_sentence() -> None:
    assert RTSP.keys() >= set(RTSP_CODES)
    unexpected = {306, *(int(code) for code in HTTPStatus if code < 300)}
    assert HTTP.keys() >= {int(code) for code in HTTPStatus} - unexpected


def test_every_code_is_named_with_what_to_do() -> None:
    sentences = [
        (status, sentence, name)
        for status in (*range(100, 600), 0, 600, 999)
        for sentence, name in (
            (explain_http(status), f"(HTTP {status})"),
            (explain_rtsp(status, "SETUP"), f"(RTSP {status} at SETUP)"),
        )
    ]
    for status, sentence, name in sentences:
        assert sentence.startswith("it")
        assert sentence.endswith(name)
        assert ";" in sentence
        assert "password" not in sentence or status == 401
