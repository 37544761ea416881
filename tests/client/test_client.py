"""The client by itself: its requests, and how it reads answers, problems and timeouts."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from api.remote.catalogs import RemoteCatalogs
from catalog.ingest.image_file import ImageFile
from catalog.records.kept import KeptChoice
from client.client import Client
from client.errors import Declined
from tests.api.http.serving import Service, png, serving
from tests.client.answering import answering


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("client")) as running:
        yield running


@pytest.fixture
def skulens(service: Service) -> Iterator[Client]:
    with Client(service.url) as client:
        yield client


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


def test_the_part_that_is_kept_of_a_picture_is_shown_and_chosen(skulens: Client) -> None:
    corners = [[1.0, 1.0], [30.0, 1.0], [30.0, 25.0], [1.0, 25.0]]
    skulens.create_catalog("covers")
    added = skulens.add_product("covers", "film", [("a.png", png(5))], keep="whole")
    assert [kept["by"] for kept in added["kept"]] == ["person"]
    assert skulens.kept_of_images("covers", "film") == added["kept"]
    image_id = added["kept"][0]["image_id"]
    changed = skulens.keep_of_image("covers", "film", image_id, corners, revision=1)
    assert changed["kept"][0]["outline"] == corners
    more = skulens.add_images("covers", "film", [("b.png", png(6))], keep=corners)
    assert more["kept"][0]["kind"] == "photo"
    with pytest.raises(Declined, match="must be whole, automatic, or four corners"):
        skulens.keep_of_image("covers", "film", image_id, "all")
    with pytest.raises(Declined, match="revision"):
        skulens.keep_of_image("covers", "film", image_id, "automatic", revision=1)


def test_a_catalog_elsewhere_keeps_what_is_chosen_as_one_here_does(skulens: Client) -> None:
    outline = KeptChoice(((1.0, 1.0), (30.0, 1.0), (30.0, 25.0), (1.0, 25.0)))
    store = RemoteCatalogs(skulens).create("elsewhere")
    added = store.add_product(
        "film", [ImageFile("a.png", png(5), outline), ImageFile("b.png", png(6), outline)]
    )
    assert [kept.outline for kept in added.kept] == [outline.outline] * 2
    image_id = added.product.images[0].image_id
    for choice in (KeptChoice(), None):
        change = store.choose_kept("film", image_id, choice)
        assert store.kept("film")[0] == change.kept[0]


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


def test_a_file_that_breaks_off_leaves_no_half_of_it(tmp_path: Path) -> None:
    with pytest.raises(Declined):
        answering(404, json.dumps({"detail": "no", "type": "x"}).encode()).annotated(
            "job", tmp_path / "out.mp4"
        )
    assert list(tmp_path.iterdir()) == []
