import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from tests.api.http.routes.test_sessions import publishing
from tests.api.http.serving import Service, png
from tests.api.shop import NETWORKS
from tests.catalog.support.fakes import FakeEncoder

FEEDBACK = "/v1/catalogs/shop/feedback"
OTHER = {"verdict": "other", "product_id": "tea", "other_product_id": "milk", "probability": 0.91}


def kept(service: Service) -> Catalog:
    """The catalog as another process sees it."""
    data = FolderStorage(service.options.state.parent / "data", durable=False)
    return Catalogs(data, FakeEncoder(NETWORKS)).open("shop").snapshot()


def test_feedback_is_in_the_journal_at_once(service: Service) -> None:
    answer = service.client.post(FEEDBACK, json=OTHER)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["picture"] is False
    catalog = kept(service)
    assert catalog.index_version == receipt["index_version"]
    newest = catalog.feedback[-1]
    assert newest.feedback_id == receipt["feedback_id"]
    assert (newest.shown, newest.probability, newest.by) == ("milk", 0.91, "local")
    shown = service.client.get(
        "/v1/catalogs/shop", params={"min_version": receipt["index_version"]}
    )
    assert shown.status_code == 200


def test_what_was_seen_comes_in_a_form(service: Service) -> None:
    files = {"image": ("crop.png", png(3), "image/png")}
    answer = service.client.post(FEEDBACK, files=files, data={"feedback": json.dumps(OTHER)})
    assert answer.status_code == 201, answer.text
    assert answer.json()["picture"] is True
    assert kept(service).feedback[-1].picture


def test_an_appearance_of_no_session_has_no_picture(service: Service) -> None:
    order = {"verdict": "right", "product_id": "tea", "appearance_id": "nobody-3"}
    answer = service.client.post(FEEDBACK, json=order)
    assert (answer.status_code, answer.json()["picture"]) == (201, False)


@pytest.mark.parametrize(
    ("order", "status", "detail"),
    [
        ({}, 422, "body.verdict"),
        ({**OTHER, "verdict": "perhaps"}, 422, "body.verdict"),
        ({**OTHER, "colour": "red"}, 422, "body.colour"),
        ({**OTHER, "probability": 2}, 422, "body.probability"),
        ({**OTHER, "other_product_id": "tea"}, 422, "the verdict right"),
        ({**OTHER, "other_product_id": None}, 422, "goes with the verdict other"),
        ({**OTHER, "product_id": "none"}, 404, "no product none"),
    ],
)
def test_feedback_that_makes_no_sense_is_refused(
    service: Service, order: dict[str, object], status: int, detail: str
) -> None:
    before = len(kept(service).feedback)
    answer = service.client.post(FEEDBACK, json=order)
    assert answer.status_code == status
    assert detail in answer.json()["detail"]
    assert len(kept(service).feedback) == before


def test_a_form_without_feedback_or_with_two_pictures_is_refused(service: Service) -> None:
    one = ("image", ("crop.png", png(3), "image/png"))
    assert service.client.post(FEEDBACK, files=[one]).status_code == 422
    order = {"feedback": json.dumps(OTHER)}
    assert service.client.post(FEEDBACK, files=[one, one], data=order).status_code == 422
    broken = ("image", ("crop.png", b"no picture", "image/png"))
    refused = service.client.post(FEEDBACK, files=[broken], data=order)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("picture")


def test_what_a_live_session_saw_goes_with_it_and_into_no_other_catalog(
    service: Service, tmp_path: Path
) -> None:
    with publishing(service, tmp_path) as session_id:
        appearance, path = f"{session_id}-1", f"/v1/sessions/{session_id}"
        time.sleep(3)  # something is seen
        service.client.delete(path)
        until(lambda: seen(service, path, appearance))
    order = {"verdict": "wrong", "product_id": "tea", "appearance_id": appearance}
    answer = service.client.post(FEEDBACK, json=order)
    assert answer.json()["picture"] is True
    service.client.post("/v1/catalogs", json={"catalog": "other"})
    add = {"product_id": "tea"}
    files = {"images": ("tea.png", png(1), "image/png")}
    service.client.post("/v1/catalogs/other/products", data=add, files=files).raise_for_status()
    foreign = service.client.post("/v1/catalogs/other/feedback", json=order)
    assert (foreign.status_code, foreign.json()["picture"]) == (201, False)


def seen(service: Service, path: str, appearance: str) -> bool:
    return service.client.get(f"{path}/appearances/{appearance}/evidence.jpg").status_code == 200


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.2)
