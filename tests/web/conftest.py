"""A real exchange and a real browser for the screen's tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from openbell.api import Api
from openbell.local.data_dir import DataDir
from openbell.local.tokens import own_admin_token

ROOT = Path(__file__).resolve().parent.parent.parent
OPENING_SECONDS_MAX = 60
QUIET = "QUIET"
"""An instrument that no bot trades: what happens in its book is the test's own doing."""

BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
]


class Exchange:
    """`openbell up --demo` in a process of its own, or without a demo: nobody trades but the test."""

    def __init__(self, folder: Path, *, demo: bool = True) -> None:
        self.data_dir = DataDir(folder / "data")
        self._output = folder / "output"
        command = [sys.executable, "-m", "openbell", "up", *(["--demo"] if demo else []), "--json", "--port", "0"]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--data-dir", str(self.data_dir.path)],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OPENBELL_LOG_FORMAT": "json", "OPENBELL_RATE_LIMITS": "off"},
            )
        self.url = str(wait_for(self._announced, OPENING_SECONDS_MAX)["url"])
        self.api.put(f"/v1/admin/instruments/{QUIET}", {"tick_size": "0.01", "lot_size": "1", "reference_price": "50"})

    @property
    def api(self) -> Api:
        """The HTTP API as an operator; each with a token of its own, as those live for a minute."""
        return Api(self.url, own_admin_token(self.data_dir))

    def _announced(self) -> dict[str, Any] | None:
        text = self._output.read_text("utf-8", "replace")
        if self._process.poll() is not None:
            pytest.fail(f"the exchange ended:\n{text[-3000:]}")
        lines = [line for line in text.splitlines() if line.startswith('{"ready"')]
        return dict(json.loads(lines[0])) if lines else None

    def gateway_pid(self) -> int:
        """The process id of the gateway that runs now; 0 if none does."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"gateway" in words:
                return int(child)
        return 0

    def kill_gateway(self) -> None:
        """End the gateway without any farewell; its supervisor starts another."""
        os.kill(self.gateway_pid(), signal.SIGKILL)

    def clear(self, account: str) -> None:
        """Cancel whatever an account has open."""
        body = json.dumps({"account": account}).encode()
        token = str(self._request("POST", "/v1/demo/token", body)["token"])
        self._request("DELETE", "/v1/orders", None, token)

    def _request(self, method: str, path: str, body: bytes | None, token: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} if body else {}
        authorized = headers | ({"Authorization": f"Bearer {token}"} if token else {})
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, body, authorized)
            return dict(json.load(connection.getresponse()))

    def book(self, symbol: str) -> dict[str, Any]:
        """The depth as the public API tells it."""
        return dict(self.api.get(f"/v1/instruments/{symbol}/book?depth=50"))

    def close(self) -> None:
        """End it as Ctrl-C would."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Desk:
    """One trader's browser window, and everything that it should not have done."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self._url = url
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("console", lambda line: self.faults.append(f"console: {line.text}") if line.type != "log" else None)
        page.on("request", lambda request: self._requested(request.url))
        page.on("websocket", self._connected)

    def open(self, symbol: str = QUIET) -> None:
        """Load the screen and look at an instrument."""
        self.page.goto(self._url)
        self.wait_until_live()
        self.look(symbol)

    def look(self, symbol: str) -> None:
        """Search an instrument and take it."""
        self.page.get_by_role("button", name="Search").click()
        self.page.get_by_role("combobox", name="Symbol").fill(symbol)
        self.page.get_by_role("combobox", name="Symbol").press("Enter")
        self.page.locator(".headline .name", has_text=symbol).wait_for()

    def tab(self, name: str) -> None:
        """On a phone: show a part of the screen."""
        self.page.locator(".tabs button", has_text=name).click()

    def row(self, price: str) -> Locator:
        """The ladder's row of a price."""
        return self.page.locator(f'.ladder tr[data-price="{price}"]')

    def orders(self) -> Locator:
        """The rows of the own open orders."""
        return self.page.locator(".orders tbody tr[data-order]")

    def blotter(self, part: str) -> Locator:
        """The rows of another part of the blotter, which is left open."""
        self.page.get_by_role("button", name=part, exact=True).click()
        return self.page.locator(".orders tbody tr")

    def become(self, account: str) -> None:
        """Trade as another demo account, and wait until its orders are known."""
        self.page.get_by_label("Account").select_option(account)
        self.page.get_by_label("Account").locator(f"option:checked:text-is('{account}')").wait_for(state="attached")
        self.wait_until_live()

    def wait_until_live(self) -> None:
        """The screen says that everything it shows is current."""
        self.page.locator(".connection[data-state=live]").wait_for(timeout=20_000)

    def type_order(self, side: str, quantity: str, price: str) -> None:
        """Fill the ticket; Enter is left to the test."""
        self.page.get_by_role("radio", name=side, exact=True).check(force=True)
        self.page.locator("#quantity").fill(quantity)
        self.page.locator("#price").fill(price)

    def send_order(self, side: str, quantity: str, price: str) -> None:
        """Fill the ticket and send it."""
        self.type_order(side, quantity, price)
        self.page.locator("#price").press("Enter")

    def methods(self) -> list[str]:
        """What was asked of the exchange over the WebSocket, in order."""
        return [request["method"] for request in self.sent]

    def _requested(self, address: str) -> None:
        if not address.startswith(self._url):
            self.faults.append(f"left the origin: {address}")

    def _connected(self, socket: Any) -> None:
        if not socket.url.startswith(self._url.replace("http", "ws", 1)):
            self.faults.append(f"left the origin: {socket.url}")
        socket.on("framesent", lambda frame: self.sent.append(json.loads(frame)))


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """The condition's value once it is true; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {condition}")
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One exchange for all tests of the screen."""
    if not (ROOT / "gateway" / "static" / "index.html").exists():
        pytest.fail("the screen is not built: run `make build`")
    running = Exchange(tmp_path_factory.mktemp("exchange"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, headless."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium here (apt-get install chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield running
        running.close()


@pytest.fixture
def desk(exchange: Exchange, browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Makes desks, each in a browser context of its own: `desk("demo-2", width=390, look={"theme": "light"})`."""
    contexts: list[BrowserContext] = []
    accounts: set[str] = {"demo-1"}

    def make(account: str = "demo-1", width: int = 1440, height: int = 900, **more: Any) -> Desk:
        look = {f"openbell.{name}": json.dumps(value) for name, value in more.pop("look", {}).items()}
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        context.add_init_script(f"for (const each of Object.entries({json.dumps(look)})) localStorage.setItem(...each)")
        contexts.append(context)
        accounts.add(account)
        made = Desk(context.new_page(), exchange.url)
        made.open()
        if account != "demo-1":
            made.become(account)
        return made

    yield make
    for context in contexts:
        context.close()
    for account in accounts:
        exchange.clear(account)
