"""compose.yaml and the Dockerfile as somebody meets them who types `docker compose up --build`: `make compose-test`.

The image is built by the shipped Dockerfile, and the file's services are started by podman-compose (podman.py). No
systemd is needed: health checks are run from here, as often as it takes.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import pytest

from openbell.local.up import free_port
from tests.compose import images
from tests.compose.podman import Podman, missing
from tests.support.local_exchange import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(2400)

PROJECT: Final = "openbell-test"
HEALTHY_SECONDS_MAX: Final = 180.0
LISTING: Final = {"tick_size": "0.01", "lot_size": "1"}


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    """Podman with every image, that of Openbell built from this tree."""
    if missing():
        pytest.skip(f"missing here: {', '.join(missing())} (make compose-test installs them as root)")
    with Podman() as found:
        images.make_all(found)
        images.build_openbell(found)
        yield found


class Services:
    """What compose.yaml starts."""

    def __init__(self, podman: Podman) -> None:
        self.podman = podman
        self._port = free_port()

    def compose(self, *arguments: str) -> str:
        """A command of podman-compose."""
        command = ["podman-compose", "--project-name", PROJECT, "--no-ansi", *arguments]
        return self.podman.run(*command, OPENBELL_PORT=str(self._port))

    def containers(self) -> dict[str, dict[str, Any]]:
        """What podman says of each container, by its name without the project's."""
        rows = json.loads(self.podman.run("podman", "ps", "--all", "--format", "json"))
        return {row["Names"][0].removeprefix(f"{PROJECT}_"): row for row in rows}

    def healthy(self, name: str) -> bool:
        """What the container's own health check says now."""
        return self.podman.attempt("podman", "healthcheck", "run", f"{PROJECT}_{name}").returncode == 0

    def wait_until_healthy(self, name: str) -> None:
        """Wait for the health check of a container; fail with the end of its log."""
        deadline = time.monotonic() + HEALTHY_SECONDS_MAX
        while not self.healthy(name):
            logs = self.podman.attempt("podman", "logs", "--tail=20", f"{PROJECT}_{name}")
            assert time.monotonic() < deadline, f"{name} is not healthy:\n{logs.stdout}{logs.stderr}"
            time.sleep(1)

    def token(self, account: str, scope: str = "read trade") -> str:
        """As the first lines of compose.yaml say."""
        command = ["openbell", "token", "--account", account, "--scope", scope]
        return self.podman.run("podman", "exec", f"{PROJECT}_gateway_1", *command).strip()

    def call(self, method: str, path: str, token: str = "", body: Any = None) -> Any:
        """One request through the balancer: the answer, None if it is an error or nobody answers."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self._port}{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                text = answer.read().decode()
        except OSError:
            return None
        return json.loads(text) if text.startswith(("{", "[")) else text


@pytest.fixture(scope="module")
def services(podman: Podman) -> Iterator[Services]:
    """The services, each of them healthy."""
    started = Services(podman)
    started.compose("down", "--volumes")
    try:
        started.compose("up", "--detach", "--no-build")
        for name in sorted(set(started.containers()) - {"init_1"}):
            started.wait_until_healthy(name)
        yield started
    finally:
        started.compose("down", "--volumes")


def test_the_image_runs_the_compiled_core_as_a_user_of_its_own(podman: Podman) -> None:
    """What the Dockerfile builds has the core compiled and the screen built, and is not root."""
    run = ["podman", "run", "--rm", "--network=none"]
    said = json.loads(podman.run(*run, "openbell:latest", "doctor", "--json", "--only", "engine", "--only", "web"))
    assert {each["check"]: each["status"] for each in said["findings"]} == {"engine": "ok", "web": "ok"}
    assert podman.run(*run, "--entrypoint=id", "openbell:latest", "-u").strip() == "10001"


def test_all_services_run_and_are_healthy(services: Services) -> None:
    """Two workers, two gateways, one NATS, one door; and `init` has ended well."""
    states = {name: (row["State"], row["ExitCode"]) for name, row in services.containers().items()}
    assert states.pop("init_1") == ("exited", 0)
    names = ["balancer_1", "gateway_1", "gateway_2", "nats_1", "worker_1", "worker_2"]
    assert states == dict.fromkeys(names, ("running", 0))


def test_a_trade_through_the_door_outlives_a_worker_and_a_gateway(services: Services) -> None:
    """Listed, traded and read back over the balancer; killed containers are missed by nobody."""
    operator, anna, boris = services.token("operator", "admin"), services.token("anna"), services.token("boris")
    wait_for(lambda: services.call("PUT", "/v1/admin/instruments/ACME", operator, LISTING))
    assert "<html" in services.call("GET", "/")
    assert trade(services, anna, boris, "1") == 1
    services.podman.run("podman", "kill", f"{PROJECT}_worker_1", f"{PROJECT}_gateway_1")
    assert trade(services, anna, boris, "2") == 2
    tape = services.call("GET", "/v1/instruments/ACME/trades")["trades"]
    assert [(line["trade_id"], line["price"], line["quantity"]) for line in tape] == [
        (1, "9.50", "3"),
        (2, "9.50", "3"),
    ]


def trade(services: Services, seller: str, buyer: str, name: str) -> int:
    """One trade of 3 at 9.50, each order repeated under its own id until it is answered; the trade's number."""
    terms = {"symbol": "ACME", "type": "limit", "quantity": "3", "price": "9.50", "client_order_id": f"order-{name}"}
    wait_for(lambda: services.call("POST", "/v1/orders", seller, terms | {"side": "sell"}), 60)
    order = wait_for(lambda: services.call("POST", "/v1/orders", buyer, terms | {"side": "buy"}), 60)
    assert order["status"] == "filled"
    [line] = services.call("GET", "/v1/instruments/ACME/trades?limit=1")["trades"]
    return int(line["trade_id"])
