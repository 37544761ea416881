"""A remembered camera, and the request to remember one."""

from dataclasses import dataclass, field

from api.errors import Refused
from api.live.cameras.schedule import Hours
from api.live.source import parse_transport
from catalog.records.product import is_valid_id
from matcher.live import Region, SessionSettings
from stream.camera.address import AddressRules, CameraAddress, parse_address
from stream.errors import SourceError


@dataclass(frozen=True, slots=True)
class Camera:
    """A source with its settings; shows no password.

    Attributes:
        camera_id: an id like a product's.
        name: for people.
        shown: the address without user, password and query.
        catalog: whose products are looked for.
        transport: how RTSP pictures come: auto, tcp or udp.
        enabled: whether it is watched at all.
        hours: when.
        regions: parts of the picture that count; none means all of it.
        smallest: product size from which it counts, as a share of the picture's height.
    """

    camera_id: str
    name: str
    shown: str
    catalog: str
    transport: str = "auto"
    enabled: bool = True
    hours: Hours = field(default_factory=Hours)
    regions: tuple[Region, ...] = ()
    smallest: float = 0.0

    @property
    def session_settings(self) -> SessionSettings:
        """Settings of its sessions."""
        return SessionSettings(regions=self.regions, smallest=self.smallest)


@dataclass(frozen=True, slots=True)
class CameraRequest:
    """A camera as a person enters it; the attributes are those of `Camera`.

    Attributes:
        address: with user and password; not shown when this is printed.
    """

    camera_id: str
    address: str = field(repr=False)
    catalog: str
    name: str = ""
    transport: str = "auto"
    enabled: bool = True
    hours: Hours = field(default_factory=Hours)
    regions: tuple[Region, ...] = ()
    smallest: float = 0.0

    def to_camera(self, rules: AddressRules) -> Camera:
        """Return the camera without its password.

        Raises:
            Refused: id, address or size cannot be.
        """
        if not is_valid_id(self.camera_id):
            raise Refused(
                f"{self.camera_id!r} is no camera's id: use letters, digits, dots, dashes and "
                "underscores, at most 128, beginning with a letter or digit"
            )
        try:
            address: CameraAddress = parse_address(self.address, rules)
            parse_transport(self.transport)
            SessionSettings(smallest=self.smallest)
        except (SourceError, ValueError) as error:
            raise Refused(f"camera {self.camera_id}: {error}") from error
        return Camera(
            camera_id=self.camera_id,
            name=self.name or self.camera_id,
            shown=address.shown,
            catalog=self.catalog,
            transport=self.transport,
            enabled=self.enabled,
            hours=self.hours,
            regions=self.regions,
            smallest=self.smallest,
        )
