"""Settings: read once, each wrong value named."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from gateway.settings import GatewaySettings
from streams.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "0123456789abcdef0123456789abcdef"


def test_an_empty_environment_gives_the_bounds_of_the_protocol() -> None:
    """The defaults are the numbers that docs/protocol.md tells clients."""
    settings = GatewaySettings.from_environment({})
    assert settings == GatewaySettings()
    assert (settings.connections_per_address, settings.connections_per_account) == (100, 20)
    assert (settings.subscriptions_per_connection, settings.requests_in_flight) == (500, 1_000)
    assert (settings.unread_bytes, settings.frame_bytes, settings.idle_seconds) == (1_048_576, 65_536, 60.0)
    assert (settings.orders_per_second, settings.orders_burst, settings.cancels_times) == (1_000, 2_000, 10)
    assert (settings.address_requests_per_second, settings.rate_limits) == (100, True)


def test_every_kind_of_value_is_read() -> None:
    """Text, switches, numbers, seconds, lists of origins and of networks."""
    settings = GatewaySettings.from_environment(
        {
            "OPENBELL_HOST": "0.0.0.0",
            "OPENBELL_PORT": "0",
            "OPENBELL_DEMO": "1",
            "OPENBELL_RATE_LIMITS": "off",
            "OPENBELL_IDLE_SECONDS": "0.5",
            "OPENBELL_ALLOWED_ORIGINS": "https://trade.example.com, http://localhost:5173",
            "OPENBELL_TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "OPENBELL_JWT_SECRET": SECRET,
            "OPENBELL_JWKS": "",
            "SOMETHING_ELSE": "x",
        }
    )
    assert settings == dataclasses.replace(
        GatewaySettings(),
        host="0.0.0.0",
        port=0,
        demo=True,
        rate_limits=False,
        idle_seconds=0.5,
        allowed_origins=("https://trade.example.com", "http://localhost:5173"),
        trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1/128")),
        jwt_secret=SECRET.encode(),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "80a"),
        ("PORT", "²"),
        ("REQUESTS_IN_FLIGHT", "0"),
        ("REQUESTS_IN_FLIGHT", "1e3"),
        ("REQUESTS_IN_FLIGHT", "9" * 5000),
        ("IDLE_SECONDS", "0"),
        ("IDLE_SECONDS", "nan"),
        ("IDLE_SECONDS", "soon"),
        ("RATE_LIMITS", "maybe"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "trade.example.com"),
        ("ALLOWED_ORIGINS", "https://trade.example.com/"),
        ("ALLOWED_ORIGINS", "https://*.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "haproxy"),
        ("JWT_SECRET", "too short"),
        ("JWT_SECRET_FILE", "/nowhere/at/all"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_its_variable(name: str, text: str) -> None:
    """The start fails with a sentence that says which variable to mend."""
    with pytest.raises(SettingsError, match=f"(?i){name.removesuffix('_FILE')}|/nowhere"):
        GatewaySettings.from_environment({f"OPENBELL_{name}": text})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """The file's content is the secret, without the line end that editors add."""
    path = tmp_path / "jwt-secret"
    path.write_text(SECRET + "\n")
    assert GatewaySettings.from_environment({"OPENBELL_JWT_SECRET_FILE": str(path)}).jwt_secret == SECRET.encode()


def test_two_sources_of_one_secret_are_refused() -> None:
    """Which of the two would count is not left to guessing."""
    with pytest.raises(SettingsError, match="not both"):
        GatewaySettings.from_environment({"OPENBELL_JWT_SECRET": SECRET, "OPENBELL_JWT_SECRET_FILE": "jwt-secret"})


def test_the_secret_is_never_printed() -> None:
    """Settings may be logged."""
    assert SECRET not in repr(GatewaySettings(jwt_secret=SECRET.encode()))
