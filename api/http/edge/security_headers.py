"""Headers that every answer has, so that a browser helps to keep things where they belong."""

from typing import Final

_PAGE_POLICY: Final = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip

ALL: Final[dict[str, str]] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
PAGE: Final[dict[str, str]] = {
    "content-security-policy": _PAGE_POLICY,
    "cache-control": "no-cache",
}
# Nothing that comes from the API is a page, whatever a browser thinks of it.
API: Final[dict[str, str]] = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cache-control": "no-store",
}
TLS_ONLY: Final = "max-age=31536000"
