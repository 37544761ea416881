"""Remembered cameras, which are watched from start to stop of the service."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.errors import Refused
from api.http.auth.principal import LiveAccess, Principal, ReadAccess
from api.http.engine import Engine, EngineDep
from api.http.live.schemas import session_json
from api.http.problems import Problem, refusals_of
from api.http.routes.sessions import Corner, session_settings
from api.live.cameras import CameraRequest
from api.live.cameras.schedule import Hours, Window
from api.live.cameras.supervisor import CameraStatus
from api.live.source import Transport
from client.records import SessionJson

router = APIRouter(prefix="/cameras", tags=["cameras"])


class WindowModel(BaseModel):
    """A stretch of some days."""

    model_config = ConfigDict(extra="forbid")

    days: list[str] = Field(min_length=1, max_length=7)
    begins: str = Field(max_length=5)
    ends: str = Field(max_length=5)


class HoursModel(BaseModel):
    """When a camera is watched; no window means always."""

    model_config = ConfigDict(extra="forbid")

    windows: list[WindowModel] = Field(default_factory=list, max_length=64)
    zone: str = Field(default="UTC", max_length=64)


class NewCamera(BaseModel):
    """A camera to be remembered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "camera_id": "till-3",
                "address": "rtsp://user:password@192.168.1.20/stream",
                "catalog": "shop",
            }
        },
    )

    camera_id: str = Field(max_length=128)
    address: str = Field(max_length=2048, repr=False)
    catalog: str = Field(max_length=128)
    name: str = Field(default="", max_length=300)
    transport: Transport = "auto"
    enabled: bool = True
    hours: HoursModel = Field(default_factory=HoursModel)
    regions: list[list[Corner]] = Field(default_factory=list, max_length=16)
    smallest: float = Field(default=0.0, ge=0, le=1)
    replace: bool = False


class CameraJson(TypedDict):
    """A camera and what becomes of it; its address without user, password and query."""

    camera_id: str
    name: str
    address: str
    catalog: str
    transport: str
    enabled: bool
    hours: dict[str, Any]
    regions: list[list[list[float]]]
    smallest: float
    session: SessionJson | None
    reason: str


class CamerasJson(TypedDict):
    """All cameras of one's own catalogs."""

    cameras: list[CameraJson]


@router.get("", summary="List cameras", responses=refusals_of())
def list_cameras(engine: EngineDep, principal: ReadAccess) -> CamerasJson:
    """Cameras by id."""
    statuses = engine.live.services.cameras.list()
    return {
        "cameras": [
            _camera_json(status) for status in statuses if principal.sees(status.camera.catalog)
        ]
    }


@router.post(
    "", status_code=HTTPStatus.CREATED, summary="Remember a camera", responses=refusals_of(404, 409)
)
def add_camera(
    engine: EngineDep, principal: LiveAccess, order: NewCamera, response: Response
) -> CameraJson:
    """Watch a camera from now on, also after a restart; `replace` changes one that there is."""
    principal.check(order.catalog)
    if order.replace:
        _check_own(engine, principal, order.camera_id)
    engine.catalogs.store(order.catalog)
    cameras = engine.live.services.cameras
    try:
        camera = cameras.put(_camera_request(order), replace=order.replace)
    except Refused as error:
        is_there = str(error).endswith("already")
        code = HTTPStatus.CONFLICT if is_there else HTTPStatus.UNPROCESSABLE_ENTITY
        raise Problem(code, str(error), "already-exists" if is_there else "invalid") from error
    response.headers["Location"] = f"/v1/cameras/{camera.camera_id}"
    return _camera_json(cameras.status(camera))


@router.delete(
    "/{camera_id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Forget a camera",
    responses=refusals_of(404),
)
def remove_camera(engine: EngineDep, principal: LiveAccess, camera_id: str) -> None:
    """End its session and forget it."""
    _check_own(engine, principal, camera_id)
    try:
        engine.live.services.cameras.remove(camera_id)
    except Refused as error:
        raise Problem(HTTPStatus.NOT_FOUND, str(error)) from error


def _check_own(engine: Engine, principal: Principal, camera_id: str) -> None:
    for status in engine.live.services.cameras.list():
        camera = status.camera
        if camera.camera_id == camera_id and not principal.sees(camera.catalog):
            raise Problem(HTTPStatus.FORBIDDEN, "this camera is of a catalog that is not yours")


def _camera_request(order: NewCamera) -> CameraRequest:
    windows = [
        Window(tuple(window.days), window.begins, window.ends) for window in order.hours.windows
    ]
    settings = session_settings(order.regions, order.smallest)
    return CameraRequest(
        camera_id=order.camera_id,
        address=order.address,
        catalog=order.catalog,
        name=order.name,
        transport=order.transport,
        enabled=order.enabled,
        hours=Hours(tuple(windows), order.hours.zone),
        regions=settings.regions,
        smallest=settings.smallest,
    )


def _camera_json(status: CameraStatus) -> CameraJson:
    camera = status.camera
    session = status.session
    return {
        "camera_id": camera.camera_id,
        "name": camera.name,
        "address": camera.shown,
        "catalog": camera.catalog,
        "transport": camera.transport,
        "enabled": camera.enabled,
        "hours": {
            "windows": [
                {"days": list(window.days), "begins": window.begins, "ends": window.ends}
                for window in camera.hours.windows
            ],
            "zone": camera.hours.zone,
        },
        "regions": [[list(corner) for corner in region.corners] for region in camera.regions],
        "smallest": camera.smallest,
        "session": None if session is None else session_json(session, "camera", camera.camera_id),
        "reason": status.reason,
    }
