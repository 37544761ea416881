"""Clients whose service always gives the same answer."""

import httpx2

from client.client import Client


def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> Client:
    """Make a client whose service always gives the same answer."""
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(status, content=body, headers=headers)
    )
    return Client("http://shop.example.com", "sk_1", transport=transport)
