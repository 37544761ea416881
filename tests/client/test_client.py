"""The client by itself: its requests, and how it reads answers, problems and timeouts."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from client.client import Client
from client.connection import Connection
from client.errors import ClientError, Declined, Unreachable
from tests.api.http.serving import Service, png, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("client")) as running:
        yield running


@pytest.fixture
def skulens(service: Service) -> Iterator[Client]:
    with Client(service.url) as client:
        yield client


def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> Client:
    """Make a client whose service always gives the same answer."""
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(status, content=body, headers=headers)
    )
    return Client("http://shop.example.com", "sk_1", transport=transport)


def test_a_product_is_added_found_changed_and_removed(skulens: Client, tmp_path: Path) -> None:
    photo = tmp_path / "front.png"
    photo.write_bytes(png(5))
    assert skulens.create_catalog("kitchen")["products"] == 0
    added = skulens.add_product("kitchen", "mug", [photo, ("side.png", png(6))], name="Mug")
    assert len(added["product"]["images"]) == 2
    (found,) = skulens.identify("kitchen", photo)["detections"]
    assert (found["verdict"], found["product_id"]) == ("identical", "mug")
    assert skulens.explain("kitchen", photo, "mug")["lost_at"] is None
    assert skulens.search("kitchen", "mug")["total"] == 1
    assert skulens.search("kitchen", picture=photo)["hits"][0]["product"]["name"] == "Mug"
    changed = skulens.update_product("kitchen", "mug", {"attributes": {"a": 1}}, revision=1)
    with pytest.raises(Declined, match="revision"):
        skulens.update_product("kitchen", "mug", {"name": "x"}, revision=1)
    image_id = changed["product"]["images"][0]["image_id"]
    assert len(skulens.remove_image("kitchen", "mug", image_id)["product"]["images"]) == 1
    skulens.remove_product("kitchen", "mug")
    assert list(skulens.products("kitchen")) == []
    skulens.restore_product("kitchen", "mug")
    assert [product["product_id"] for product in skulens.products("kitchen")] == ["mug"]
    skulens.delete_catalog("kitchen")
    assert "kitchen" not in [catalog["catalog"] for catalog in skulens.catalogs()]


def test_a_refusal_is_the_services_own_sentence_with_its_kind(skulens: Client) -> None:
    with pytest.raises(Declined, match="there is no catalog none") as refused:
        skulens.catalog("none")
    assert (refused.value.status, refused.value.kind) == (404, "not-found")


def test_a_refused_picture_is_named(skulens: Client) -> None:
    skulens.create_catalog("pictures")
    with pytest.raises(Declined) as refused:
        skulens.add_product("pictures", "mug", [("ok.png", png(1)), ("no.png", b"no")])
    assert (refused.value.kind, refused.value.subject) == ("picture", "no.png")


def test_names_with_slashes_and_spaces_stay_one_part_of_the_path(skulens: Client) -> None:
    for name in ("a/b", "../x", "a b", "ä", "%2e%2e", "?x=1", "#"):
        with pytest.raises(Declined) as refused:
            skulens.catalog(name)
        assert refused.value.status in (404, 422)


def test_a_job_is_followed_and_cancelled_only_while_it_is_there(skulens: Client) -> None:
    skulens.create_catalog("jobs")
    job = skulens.reconcile("jobs", dry_run=True)
    assert job["kind"] == "reconcile"
    assert skulens.job(job["job_id"])["catalog"] == "jobs"
    with pytest.raises(Declined, match="there is no job"):
        skulens.cancel_job("nothing")


def test_an_upload_tells_how_far_it_is(skulens: Client, tmp_path: Path) -> None:
    skulens.create_catalog("films")
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(700_000))
    steps: list[tuple[int, int]] = []
    with pytest.raises(Declined, match="no video"):
        skulens.send_video("films", film, on_bytes=lambda sent, total: steps.append((sent, total)))
    assert steps[-1] == (700_000, 700_000)
    assert len(steps) > 1


@pytest.mark.parametrize("server", ["", "shop.example.com", "ftp://x", "http://", "http://a:b@c"])
def test_what_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(ClientError, match="no address"):
        Connection(server)


@pytest.mark.parametrize("key", ["sk_ä", "sk_1\nX: y", "sk 1"])
def test_a_key_that_would_break_a_header_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ClientError, match="no API key has") as refused:
        Connection("http://shop.example.com", key)
    assert key not in str(refused.value)


def test_nobody_there_is_unreachable() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match=r"127.0.0.1:9"):
        client.catalog("shop")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"detail": 1}', b"\xff"])
def test_an_error_that_is_no_problem_still_has_a_sentence(body: bytes) -> None:
    with pytest.raises(Declined, match=r"shop\.example\.com answered 502"):
        answering(502, body).catalog("shop")


def test_a_page_that_is_not_ours_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not answer as skulens"):
        answering(200, b"<html>").catalog("shop")


def test_a_key_does_not_follow_a_redirect_elsewhere() -> None:
    with pytest.raises(Declined, match="answered 302"):
        answering(302, b"", {"Location": "http://elsewhere.example.com"}).catalog("shop")


def test_pages_are_turned_until_there_are_no_more() -> None:
    cursors: list[str] = []

    def page(request: httpx2.Request) -> httpx2.Response:
        cursors.append(request.url.params.get("cursor", ""))
        more = "2" if not cursors[-1] else None
        return httpx2.Response(
            200, json={"catalogs": [{"catalog": cursors[-1]}], "next_cursor": more}
        )

    client = Client("http://shop.example.com", transport=httpx2.MockTransport(page))
    assert [catalog["catalog"] for catalog in client.catalogs()] == ["", "2"]


def test_events_come_with_their_numbers_and_heartbeats_do_not() -> None:
    text = "retry: 1000\n\n: \n\nid: 7\nevent: appearance\ndata: {}\n\nevent: end\ndata: {}\n\n"
    client = answering(200, text.encode(), {"Content-Type": "text/event-stream"})
    assert [(event.kind, event.number) for event in client.session_events("s")] == [
        ("appearance", 7),
        ("end", 7),
    ]


def test_a_file_that_breaks_off_leaves_no_half_of_it(tmp_path: Path) -> None:
    with pytest.raises(Declined):
        answering(404, json.dumps({"detail": "no", "type": "x"}).encode()).annotated(
            "job", tmp_path / "out.mp4"
        )
    assert list(tmp_path.iterdir()) == []
