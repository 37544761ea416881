"""Real S3 servers for tests: moto in this process, Ceph's RADOS gateway beside it."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer

from catalog.storage.s3 import S3Options, S3Storage

SCRIPT = Path(__file__).parents[3] / "scripts" / "ceph-rgw"
BUCKET = "skulens-test"
READY_SECONDS = 60.0
PAGE = 9
FIRST_PORT = 18500  # below those that systems give to clients, from 32768 on
WORKERS, PORTS_OF_WORKER = 14, 1000


def options(endpoint: str) -> S3Options:
    """How both servers are spoken to."""
    return S3Options(
        bucket=BUCKET,
        endpoint=endpoint,
        region="us-east-1",
        path_style=True,
        access_key="test",
        secret_key="secret",
        page=PAGE,
    )


def fresh(server: S3Options) -> S3Storage:
    """An empty storage in a server's bucket, apart from all others."""
    return S3Storage(replace(server, prefix=f"run-{uuid4().hex[:12]}"))


@contextmanager
def moto_server() -> Iterator[S3Options]:
    """A mock that speaks the protocol; starts at once."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        server_options = options(f"http://{host}:{port}")
        make_bucket(server_options)
        yield server_options
    finally:
        server.stop()


@contextmanager
def ceph_server() -> Iterator[S3Options]:
    """A real server with its objects in memory; starts in about 14 seconds."""
    with tempfile.TemporaryDirectory(prefix="skulens-ceph-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "ceph"
        port = free_ports(3)
        try:
            subprocess.run([str(SCRIPT), "start", str(home), str(port)], check=True, timeout=120)
            server_options = options(f"http://127.0.0.1:{port}")
            make_bucket(server_options)
            yield server_options
        finally:
            subprocess.run([str(SCRIPT), "stop", str(home)], check=True, timeout=30)


def make_bucket(server: S3Options) -> None:
    """Make the bucket and wait until it takes objects."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}, connect_timeout=3, read_timeout=20),
    )
    deadline = time.monotonic() + READY_SECONDS
    while True:  # Ceph makes its pools at the first request
        try:
            client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def free_ports(count: int) -> int:
    """The first of some neighbouring ports that nobody listens on.

    A server listens seconds after its port was chosen, so workers of one test run look in ranges
    of their own; runs beside each other begin in different places of them.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    first = FIRST_PORT + worker * PORTS_OF_WORKER
    begin = os.getpid() % PORTS_OF_WORKER
    for offset in range(PORTS_OF_WORKER):
        port = first + (begin + offset) % PORTS_OF_WORKER
        if all(_is_free(port + n) for n in range(count)):
            return port
    raise OSError("no free port")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
