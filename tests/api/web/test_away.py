"""The page from another address than loopback: TLS, keys, logging in, and then as at home."""

import json
import socket

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.api.web.browsing import visiting
from tests.api.web.program import Program
from tests.api.web.scenery import Scenery

CAMERA = True
pytestmark = [pytest.mark.weights, pytest.mark.timeout(600)]


def own_address() -> str:
    """This machine's address on its network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(("192.0.2.1", 9))
        return str(way.getsockname()[0])


def test_from_another_address_a_key_logs_in_and_the_camera_finds_the_right_name(
    browser: Browser, scenery: Scenery, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = Program(tmp_path_factory.mktemp("away"))
    key = json.loads(program.run("key", "create", "--scope", "admin", "--json"))["key"]
    with program.serving(own_address(), "--self-signed") as url:
        enrol(url, key, scenery)
        with visiting(browser, url) as visit:
            visit.page.goto(url)
            visit.page.get_by_role("heading", name="Log in").wait_for()
            visit.page.get_by_label("API key").fill("sk_wrong")
            visit.page.get_by_role("button", name="Log in").click()
            visit.page.locator("dialog .problem").wait_for()
            visit.complaints.clear()  # the browser's own notes on the 401s
            visit.page.get_by_label("API key").fill(key)
            visit.page.get_by_role("button", name="Log in").click()
            expect(visit.page.locator("#catalog-choice")).to_have_value("shop")
            visit.page.get_by_role("button", name="Use this camera").click()
            named = "[data-product=oatbound-strawberry][data-verdict=identical]"
            visit.page.locator(f".card{named}").wait_for()
            visit.page.get_by_role("button", name="Right").first.click()  # needs the CSRF token
            visit.page.get_by_text("You said: right.").wait_for()
            visit.page.get_by_role("button", name="Stop").click()
            visit.open("system")
            visit.page.get_by_role("button", name="Log out").click()
            visit.page.get_by_role("heading", name="Log in").wait_for()
            visit.complaints.clear()


def enrol(url: str, key: str, scenery: Scenery) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=120, verify=False) as client:
        client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        good = scenery.goods[2]
        client.post(
            "/v1/catalogs/shop/products",
            data={"product_id": good.product_id, "name": good.name},
            files=[("images", (file.name, file.data, file.kind)) for file in good.files],
        ).raise_for_status()
