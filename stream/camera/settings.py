"""Settings of cameras."""

from dataclasses import dataclass, field
from typing import Literal

from stream.camera.address import AddressRules
from stream.decode.frame_builder import FrameLimits

Transport = Literal["tcp", "udp"]


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """How a camera is read.

    Attributes:
        transport: how RTSP sends its packets; "auto" tries TCP, then UDP.
        rules: which addresses are allowed.
        limits: bounds on its pictures, and when they count as frozen.
        stall_after: seconds without a picture until the source shows as stalled.
        give_up_after: seconds without a picture until the connection counts as lost.
        key_frame_wait: seconds that the first key frame may take while other data comes.
        threads: for decoding the slices of one picture.
    """

    transport: Transport | Literal["auto"] = "auto"
    rules: AddressRules = field(default_factory=AddressRules)
    limits: FrameLimits = field(default_factory=FrameLimits)
    stall_after: float = 3.0
    give_up_after: float = 6.0
    key_frame_wait: float = 20.0
    threads: int = 1
