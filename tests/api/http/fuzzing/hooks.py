"""For schemathesis: bodies of the types that only we have, and values from the edges of theirs."""

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation.value import GeneratedValue

from tests.api.http.fuzzing.edges import texts, values


@schemathesis.serializer("application/zip", "application/sdp", "image/*")
def plain_bytes(_: Any, value: object) -> bytes:
    """The body as it was made up."""
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "replace")


@schemathesis.hook
def before_generate_body(_: Any, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Bodies as they are made up, and with one member from the edges of its type."""
    return st.one_of(strategy, strategy.flatmap(lambda body: with_an_edge(body, values())))


@schemathesis.hook
def before_generate_query(_: Any, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Queries as they are made up, and with one parameter from the edges of texts."""
    # The client sends no half of a character in an address.
    sendable = texts().map(lambda text: text.encode("utf-8", "replace").decode())
    return st.one_of(strategy, strategy.flatmap(lambda query: with_an_edge(query, sendable)))


def with_an_edge(made_up: object, edges: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what was made up with one member exchanged; unchanged where it has none."""
    if isinstance(made_up, GeneratedValue):
        inner = with_an_edge(made_up.value, edges)
        return inner.map(lambda value: made_up.map_value(lambda _: value))
    if not isinstance(made_up, dict) or not made_up:
        return st.just(made_up)
    names = st.sampled_from(sorted(made_up, key=str))
    return st.builds(lambda name, value: {**made_up, name: value}, names, edges)
