"""The table of camera kinds."""

from dataclasses import replace

import pytest

from stream.camera.address import SCHEMES, AddressRules, parse_address
from stream.camera.dialer import Dialer
from stream.camera.open import OPENERS, open_camera
from stream.camera.settings import CameraSettings
from stream.errors import SourceError


def test_every_scheme_of_an_address_has_an_opener() -> None:
    assert set(OPENERS) == set(SCHEMES)


def test_an_address_is_opened_by_its_scheme() -> None:
    rules = AddressRules()
    device = parse_address("device:93", rules)
    with pytest.raises(SourceError, match="no such camera at this machine"):
        open_camera(device, Dialer(rules), CameraSettings())
    free_port = replace(device, scheme="rtsp", host="127.0.0.1", port=9)
    with pytest.raises(SourceError, match="refuses the connection"):
        open_camera(free_port, Dialer(rules), CameraSettings())
