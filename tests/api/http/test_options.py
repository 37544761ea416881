"""Options of the server, from the settings."""

from pathlib import Path

import pytest

from api.http.options import ServerOptions, options_from
from api.settings import Settings
from stream.camera.address import SERVICE_RULES, AddressRules


def test_cameras_may_be_anywhere_until_others_reach_the_service() -> None:
    assert ServerOptions(Path("s")).rules == AddressRules()
    assert ServerOptions(Path("s"), exposed=True).rules == SERVICE_RULES
    networks = ("10.0.0.0/8",)
    for exposed in (False, True):
        rules = ServerOptions(Path("s"), exposed=exposed, camera_networks=networks).rules
        assert rules.allowed_networks == networks
        assert rules.refused_networks == SERVICE_RULES.refused_networks


@pytest.mark.parametrize(
    ("exposed", "url", "is_allowed"),
    [
        (False, "http://127.0.0.1:9/hook", True),
        (True, "http://127.0.0.1:9/hook", False),
        (True, "http://[::1]/hook", False),
        (True, "http://169.254.169.254/latest", False),
        (True, "http://192.0.2.1/hook", True),
        (False, "http:///hook", False),
    ],
)
def test_a_webhook_of_an_exposed_service_never_points_to_this_machine(
    exposed: bool, url: str, is_allowed: bool
) -> None:
    reason = ServerOptions(Path("s"), exposed=exposed).webhook_rule(url)
    assert (reason == "") is is_allowed
    assert is_allowed or "is no address for a webhook" in reason


def test_the_settings_become_options() -> None:
    settings = Settings(
        state=Path("here"),
        sync_minutes=2.0,
        reconcile_hours=0.5,
        requests_per_second=7.0,
        ice_servers=("stun:a", "turn:b"),
        turn_username="me",
        turn_credential="secret",
    )
    options = options_from(settings, exposed=True, secure=True)
    assert (options.exposed, options.secure, options.per_second) == (True, True, 7.0)
    assert options.keys == Path("here/keys.json")
    assert options.socket.is_absolute()
    plain, relayed = options.peers.ice.servers
    assert (plain.username, relayed.username) == ("", "me")
    assert (options.maintenance.sync_s, options.maintenance.reconcile_s) == (120.0, 1800.0)
