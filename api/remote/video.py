"""A video matched by a server: sent, followed, and what was ordered fetched."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TextIO, cast

from api.errors import Refused
from api.remote.catalogs import POLL_S, wait_for_job
from api.schemas.results import json_line
from api.video.job import OnLine, OnStage, VideoRequest, refuse_same_file
from client.client import Client
from client.records import JobJson, VideoResultJson


def match_on_server(
    client: Client,
    catalog: str,
    order: VideoRequest,
    *,
    on_stage: OnStage,
    on_line: OnLine,
    on_job: Callable[[JobJson], None],
) -> VideoResultJson:
    """Have a video matched; blocks until everything that was ordered is here.

    Args:
        client: of the server.
        catalog: name.
        order: what to match and write.
        on_stage: told what is done, steps done and steps in all.
        on_line: told every event as a line of JSON.
        on_job: told the job that goes on, when waiting for it is interrupted.

    Raises:
        Refused: an output exists, or the server failed at it.
        ClientError: the server does not answer, or declined.
        OSError: a file cannot be read or written.
    """
    _check(order)
    job = client.send_video(
        catalog,
        order.video,
        annotated=order.annotated is not None,
        on_bytes=lambda sent, total: on_stage("sending", sent >> 20, total >> 20),
    )
    try:
        with ExitStack() as stack:
            file = None
            if order.events is not None:
                file = stack.enter_context(order.events.open("w", encoding="utf-8"))
            _follow(client, job, on_stage, on_line, file)
        job = wait_for_job(client, client.job(job["job_id"]))
    except KeyboardInterrupt:
        on_job(job)
        raise
    if order.annotated is not None:
        on_stage("fetching the annotated video", 0, None)
        client.annotated(job["job_id"], order.annotated)
    return cast(VideoResultJson, job["result"])


def _follow(
    client: Client, job: JobJson, on_stage: OnStage, on_line: OnLine, file: TextIO | None
) -> None:
    cursor, is_over = "", False
    while not is_over:
        job = client.job(job["job_id"])
        is_over = job["state"] not in ("waiting", "running")
        on_stage(job["stage"] or "waiting for its turn", job["done"], job["total"])
        more = True
        while more:
            page = client.video_events(job["job_id"], cursor)
            more, cursor = bool(page["events"]), page["next_cursor"]
            for event in page["events"]:
                line = json_line(event)
                on_line(line)
                if file is not None:
                    file.write(f"{line}\n")
        if not is_over:
            time.sleep(POLL_S)


def _check(order: VideoRequest) -> None:
    if order.report is not None:
        raise Refused("--report needs the pictures and is made only where the video is matched")
    refuse_same_file(order)
    for path in order.outputs:
        if path.exists() and not order.force:
            raise Refused(f"{path} exists; add --force to overwrite it")
