"""compose.yaml, the Dockerfile and the load balancer's configuration fit the programs they run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML
from typer.core import TyperGroup

from gateway.settings import GatewaySettings
from openbell import cli
from streams import probe
from streams.journal import calendar_files
from streams.settings import StreamSettings

ROOT = Path(__file__).resolve().parents[2]
ONCE = {"init"}
"""Services that end by themselves; all others run for ever."""

OWN_VARIABLES = {"OPENBELL_LOG_FORMAT", "OPENBELL_LOG_LEVEL", "OPENBELL_NAME", "OPENBELL_DATA_DIR"}
"""Read by the command line itself."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    described: dict[str, Any] = YAML(typ="safe").load(ROOT / "compose.yaml")
    return described


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


def variables() -> set[str]:
    """Every environment variable that a role reads."""
    names = {f"OPENBELL_{field.name.upper()}" for field in (*fields(GatewaySettings), *fields(StreamSettings))}
    return names | OWN_VARIABLES | {"OPENBELL_JWT_SECRET_FILE"}


def openbell_services(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if service["image"].startswith("openbell:")}


def test_it_fits_the_compose_specification() -> None:
    """Every key is one that Compose knows."""
    run = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_roles_of_the_design_are_there(services: dict[str, Any]) -> None:
    """One NATS, two gateways, two workers, one door."""
    counts = {name: service.get("deploy", {}).get("replicas", 1) for name, service in services.items()}
    assert counts == {"nats": 1, "init": 1, "worker": 2, "gateway": 2, "balancer": 1}


def test_what_should_run_is_restarted_and_looked_after(services: dict[str, Any]) -> None:
    """A restart policy and a health check on each service, save those that end by themselves."""
    for name, service in services.items():
        assert service["restart"] == ("on-failure" if name in ONCE else "unless-stopped"), name
        assert ("healthcheck" in service) == (name not in ONCE), name


def test_every_variable_is_one_that_a_role_reads(services: dict[str, Any]) -> None:
    """A mistyped variable would be silence, not an error."""
    for name, service in openbell_services(services).items():
        unknown = set(service.get("environment", {})) - variables()
        assert not unknown, f"{name} sets {sorted(unknown)}, which nobody reads"


def test_the_settings_can_be_read(services: dict[str, Any]) -> None:
    """What the services set is taken by the programs, with the values that stand there by default."""
    for service in openbell_services(services).values():
        environ = {key: default_of(str(value)) for key, value in service.get("environment", {}).items()}
        environ.pop("OPENBELL_JWT_SECRET_FILE", None)
        StreamSettings.from_environment(environ)
        GatewaySettings.from_environment(environ)


def default_of(value: str) -> str:
    """`${NAME:-default}` as it is when NAME is not set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def test_every_command_is_one_of_the_command_line(services: dict[str, Any]) -> None:
    """Roles are commands that exist."""
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    known = set(group.commands)
    for service in openbell_services(services).values():
        assert service["command"][0] in known


def test_health_checks_are_cheap_probes_of_where_the_role_says_it(services: dict[str, Any]) -> None:
    """Each asks the port on which its role answers, by a module that loads nothing else (test_health.py)."""
    ports = {"worker": "OPENBELL_HEALTH_PORT", "gateway": "OPENBELL_PORT"}
    for name, service in openbell_services(services).items():
        if name in ONCE:
            continue
        port = service["environment"][ports[name]]
        assert service["healthcheck"]["test"] == ["CMD", "python", "-m", probe.__name__, port]


def test_nothing_but_the_door_is_reachable(services: dict[str, Any]) -> None:
    """Only the balancer has a port on the host, on the loopback address."""
    open_ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert list(open_ports) == ["balancer"]
    assert all(port.startswith("127.0.0.1:") for port in open_ports["balancer"])


def test_the_proxy_that_is_believed_is_the_network_of_the_balancer(
    compose: dict[str, Any], services: dict[str, Any]
) -> None:
    """X-Forwarded-For counts from the compose network and from nowhere else."""
    subnets = [entry["subnet"] for entry in compose["networks"]["inside"]["ipam"]["config"]]
    assert services["gateway"]["environment"]["OPENBELL_TRUSTED_PROXIES"].split(",") == subnets


def test_secrets_are_files(services: dict[str, Any]) -> None:
    """No secret stands in the environment or in the file."""
    text = (ROOT / "compose.yaml").read_text()
    for service in services.values():
        assert not {"OPENBELL_JWT_SECRET"} & set(service.get("environment", {}))
    assert not re.search(r"(?i)password|secret\s*[:=]\s*['\"]?\w{16,}", text)
    assert services["gateway"]["volumes"] == ["secrets:/var/lib/openbell:ro"]


def test_the_journals_outlive_their_container(compose: dict[str, Any], services: dict[str, Any]) -> None:
    """What the server stores is in a volume, and it stores where the volume is."""
    command = services["nats"]["command"]
    store = command[command.index("--store_dir") + 1]
    assert f"journals:{store}" in services["nats"]["volumes"]
    assert {"journals", "secrets"} == set(compose["volumes"])


def test_the_files_that_are_mounted_exist(services: dict[str, Any]) -> None:
    """Docker would make an empty directory of a missing file."""
    for service in services.values():
        for volume in service.get("volumes", []):
            source = default_of(volume).split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source


def test_the_workers_read_the_calendars_that_are_mounted(services: dict[str, Any]) -> None:
    """From a folder of the tree, or from where OPENBELL_CALENDARS says; what ships there can be read."""
    [volume] = services["worker"]["volumes"]
    source, target, mode = default_of(volume).split(":")
    assert volume.startswith("${OPENBELL_CALENDARS:-")
    assert (services["worker"]["environment"]["OPENBELL_CALENDARS"], mode) == (target, "ro")
    assert (ROOT / source).is_dir()
    assert calendar_files.load(str(ROOT / source)) == {}


def test_the_balancer_takes_its_configuration() -> None:
    """The program itself finds nothing to complain about."""
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if haproxy is None:
        pytest.skip("no haproxy here (apt-get install haproxy)")
    run = subprocess.run(
        [haproxy, "-c", "-f", ROOT / "deploy" / "haproxy.cfg"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr


def test_the_balancer_fits_the_services(services: dict[str, Any]) -> None:
    """It asks the gateways whether they are ready, finds them by the service's name, and says itself that it lives."""
    text = (ROOT / "deploy" / "haproxy.cfg").read_text()
    port = services["gateway"]["environment"]["OPENBELL_PORT"]
    [(size, name, target_port)] = re.findall(r"server-template gateway- (\d+) (\w+):(\d+)", text)
    assert name in services
    assert target_port == port
    assert int(size) >= services["gateway"]["deploy"]["replicas"]
    assert "option httpchk GET /health/gateway" in text
    assert f"bind :{services['balancer']['ports'][0].rpartition(':')[2]}" in text
    [(check_port, path)] = re.findall(r"127\.0\.0\.1:(\d+)(/\w+)", services["balancer"]["healthcheck"]["test"][-1])
    assert f"bind :{check_port}" in text
    assert f"path {path}" in text


def test_the_image_is_built_from_what_is_let_in() -> None:
    """Each path that the Dockerfile copies from the tree is excepted in .dockerignore, and nothing else is."""
    copied: set[str] = set()
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            copied.update(source.rstrip("/") for source in line.split()[1:-1])
    allowed = {
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert {source for source in copied if not source.startswith("web/")} == allowed


def test_the_image_copies_files_that_exist() -> None:
    """Everything copied is in the tree, save the wheels that a local build puts there."""
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists() or source == "deploy/wheels/", source


def test_the_image_does_not_run_as_root() -> None:
    """The last user of the last stage is one of its own."""
    text = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^USER (\S+)", text.rpartition("\nFROM ")[2], re.MULTILINE) == ["openbell"]
