"""A person at the page: a real browser that notes whatever a page must not do."""

import base64
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.api.web.scenery import Dropped
from tests.stream.peers.browser import ARGUMENTS

Scheme = Literal["light", "dark"]
WAIT_MS = 60_000


@dataclass
class Visit:
    """A page with a person in front of it.

    Attributes:
        page: as playwright has it.
        url: of the service.
        complaints: errors of the console and of scripts.
        elsewhere: addresses that were asked for and are not the service's.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def open(self, view: str) -> None:
        """Go to a view, anew."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/#/{view}")
        self.page.wait_for_selector("main .view h1")

    def drop(self, selector: str, files: Sequence[Dropped]) -> None:
        """Drop files on an element."""
        given = [
            {"name": file.name, "type": file.kind, "data": base64.b64encode(file.data).decode()}
            for file in files
        ]
        self.page.eval_on_selector(selector, DROP, given)

    def until(self, script: str) -> None:
        """Wait until a script says yes; the page's policy keeps playwright's own way out."""
        until = time.monotonic() + WAIT_MS / 1000
        while not self.page.evaluate(script):
            assert time.monotonic() < until, script
            self.page.wait_for_timeout(100)

    def press(self, *keys: str) -> None:
        """Press keys, file after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def focused(self) -> str:
        """The name of what has the focus."""
        return str(self.page.evaluate(FOCUSED))


DROP = """(element, files) => {
  const data = new DataTransfer()
  for (const file of files) {
    const bytes = Uint8Array.from(atob(file.data), file => file.charCodeAt(0))
    data.items.add(new File([bytes], file.name, { type: file.type }))
  }
  for (const type of ['dragenter', 'dragover', 'drop']) {
    const given = { dataTransfer: data, bubbles: true, cancelable: true }
    element.dispatchEvent(new DragEvent(type, given))
  }
}"""

FOCUSED = """() => {
  const { activeElement: file } = document
  const label = file.labels?.[0]?.textContent
  return (file.getAttribute('aria-label') || label || file.textContent || file.tagName).trim()
}"""


@contextmanager
def browsing(camera: Path | None = None) -> Iterator[Browser]:
    """Chromium, perhaps with a file as its camera."""
    arguments = list(ARGUMENTS)
    if camera is not None:
        arguments.append(f"--use-file-for-fake-video-capture={camera}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", headless=True, args=arguments
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(
    browser: Browser, url: str, *, scheme: Scheme = "light", width: int = 1280, height: int = 860
) -> Iterator[Visit]:
    """A fresh visit, which must have been without complaint and all from the service."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        permissions=["camera"],
        ignore_https_errors=True,  # a certificate of the service's own making
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    visit = Visit(page, url)
    page.on(
        "console",
        lambda message: visit.complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((url, "blob:", "data:", "about:"))
            else visit.elsewhere.append(request.url)
        ),
    )
    try:
        yield visit
        assert visit.complaints == []
        assert visit.elsewhere == []
    finally:
        context.close()
