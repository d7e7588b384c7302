"""streams/settings.py: what can be set, and what is refused."""

from __future__ import annotations

import pytest

from streams.errors import SettingsError
from streams.settings import StreamSettings, without_password


def test_an_empty_environment_gives_the_defaults() -> None:
    """Nothing has to be set for a local exchange."""
    assert StreamSettings.from_environment({"OPENBELL_PARTITIONS": " "}) == StreamSettings()


def test_each_variable_is_read_as_its_kind() -> None:
    """Texts, whole numbers and seconds."""
    settings = StreamSettings.from_environment(
        {
            "OPENBELL_NATS_URL": "nats://one:4222,nats://two:4222",
            "OPENBELL_PARTITIONS": "8",
            "OPENBELL_LEASE_TTL_SECONDS": "3",
            "PATH": "/bin",
        }
    )
    assert settings == StreamSettings(nats_url="nats://one:4222,nats://two:4222", partitions=8, lease_ttl_seconds=3.0)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("OPENBELL_PARTITIONS", "many"),
        ("OPENBELL_PARTITIONS", "0"),
        ("OPENBELL_PARTITIONS", "257"),
        ("OPENBELL_REPLICAS", "2"),
        ("OPENBELL_LEASE_TTL_SECONDS", "0.5"),
        ("OPENBELL_JOURNAL_MAX_BYTES", "-1"),
        ("OPENBELL_BATCHES_IN_FLIGHT_MAX", "0"),
        ("OPENBELL_CHECKPOINT_COMMANDS", "0"),
        ("OPENBELL_CHECKPOINT_SECONDS", "-3"),
        ("OPENBELL_JOURNAL_RETENTION_SECONDS", "599"),
    ],
)
def test_what_no_exchange_can_run_with_is_refused_by_its_name(variable: str, text: str) -> None:
    """The sentence names the variable and what it holds."""
    with pytest.raises(SettingsError, match=f"{variable} is '?{text}"):
        StreamSettings.from_environment({variable: text})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
        ("nats://me:hidden@a:4222,nats://me:hid-den@b:4222", "nats://a:4222,nats://b:4222"),
        ("https://keys.example/set?key=hidden", "https://keys.example/set"),
        ("tls://hidden@a", "tls://a"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    """What is printed of an address has neither user, password nor query; nor has what is printed of the settings."""
    assert without_password(url) == shown
    assert "hid" not in repr(StreamSettings(nats_url=url))
