"""Values from the edges of their types, for every place of a request that takes one."""

from typing import Final

from hypothesis import strategies as st

DIGITS: Final = "9" * 400  # more than a float has
MANY_DIGITS: Final = "9" * 5_000  # more than Python turns into an integer
TEXTS: Final = (
    "", " ", "\t", "\0", "tea\0", "\x1b[31m", "\x7f", "\x85", "\n", "tea\r\nX-Injected: yes",
    "\ud800", "\udfff\ud800", "\ufffe", "\ufeff", "\u202e\u200b", "\U0010ffff", "é", "e\u0301",
    "ß" * 200, "\u0661\u0662", "²", "Ⅷ", "\uff11\uff12", "x" * 129, "x" * 3_000, "日" * 100,
    "../..", "..", ".", "/", "//", "\\", "C:\\con", "~", "*", "%", "%00", "%s%n", "{}", "{0}",
    "$(id)", "'", '"',
    "' or 1=1 --", "<script>", "null", "true", "nan", "NaN", "inf", "-Infinity", "1e999", "-1",
    "0", "00", "+1", "1_000", "1,5", "0x10", "1e5", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "18446744073709551616", DIGITS, f"-{DIGITS}", f"0.{DIGITS}",
    MANY_DIGITS, "0" * 400, "2026-13-45T99:99:99Z", "[", "]", "{", "[[[[", "[1,2", '{"a":',
    "s3://", "rtsp://", "rtsp://[", "http://[::1", "http://]", "http://a:99999/", "http://a:b@",
    "http://\0/", "rtsp://x\ud800/", "https://exa mple/", "https://xn--/", "https://" + "a" * 300,
    "https://\u2100.example/", "https://a..b/", "file:///etc/passwd", "javascript:0", "W/\"1\"",
    f'"{DIGITS}"', '"1"', "*, *", "bytes=0-", "application/json", "a" * 513, "====", "AA==", "-",
)  # fmt: skip
# As they stand in JSON, which knows more of them than Python's `dumps` writes.
NUMBERS: Final = (
    "0", "-0", "-0.0", "1", "-1", "2", "0.5", "1e-400", "5e-324", "-5e-324", "1e308", "1e309",
    "-1e999", "1.7976931348623157e308", "2147483647", "2147483648", "-2147483649", "4294967296",
    "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "18446744073709551616", DIGITS, f"-{DIGITS}", f"{DIGITS}.5", f"0.{DIGITS}", MANY_DIGITS,
    "NaN", "Infinity", "-Infinity", "1e99999999999", "01", "+1", "1.", ".5", "0x1F",
)  # fmt: skip
OTHERS: Final = (
    "true", "false", "null", "[]", "{}", "[[]]", "[{}]", "[null]", '{"": null}', '[""]', "[0, 0]",
    "[[0, 0]]", "[[0, 0], [0, 0], [0, 0]]", "[[1e999, NaN], [0, 1], [1, 1]]", '["\\ud800"]',
    '{"\\ud800": "\\ud800"}', '{"\\u0000": 1}', f'{{"a": {DIGITS}}}', f"[{DIGITS}]",
    f"[[{DIGITS}, 1]]",
    '{"a": "\\u0000"}', '{"a": [{"b": []}]}', "[" * 500 + "]" * 500, '{"a": NaN}', '{"a": 1e999}',
    '[1, "1", null, {}]', "[" + "0," * 2_000 + "0]",
)  # fmt: skip


def texts() -> st.SearchStrategy[str]:
    """Return texts from the edges, and any others, surrogates among them."""
    return st.one_of(st.sampled_from(TEXTS), st.text(st.characters(), max_size=40))


def values() -> st.SearchStrategy[object]:
    """Return values of JSON from the edges of their types, as deep as they come."""
    numbers = st.one_of(
        st.integers(-(10**400), 10**400),
        st.integers(-(2**65), 2**65),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(
            (0, -1, 2**31, 2**53, 2**63, 2**64, 10**400, 5e-324, 1.7976931348623157e308)
        ),
    )
    leaves = st.one_of(st.none(), st.booleans(), numbers, texts())
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(texts(), inner, max_size=4)
        ),
        max_leaves=6,
    )
