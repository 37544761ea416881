"""The policy of docs/catalog.md, given to keys of a server that enforces it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError

import boto3
from botocore.config import Config

from catalog.storage.s3 import S3Options
from tests.catalog.support.buckets import BUCKET, free_ports, make_bucket, options

PAGE = Path(__file__).parents[3] / "docs" / "catalog.md"
FOREIGN = "team-b/shop/x.json"
_READY_SECONDS = 30.0


def documented(prefix: str, *, writes: bool = True) -> dict[str, Any]:
    """The policy as the page has it, for our bucket.

    Args:
        prefix: of the catalogs.
        writes: False for that of a process which only reads.
    """
    (text,) = re.findall(r"```json\n(\{\n  \"Version\".*?)```", PAGE.read_text(), re.S)
    policy: dict[str, Any] = json.loads(text.replace("BUCKET", BUCKET).replace("PREFIX", prefix))
    if not writes:
        policy["Statement"][1]["Action"] = "s3:GetObject"
    return policy


def client(server: S3Options, service: Literal["s3", "iam"] = "s3") -> Any:
    """A client that may do what its keys may."""
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}, connect_timeout=3, read_timeout=20),
    )


def granted_by_ceph(server: S3Options, prefix: str, *, writes: bool = True) -> S3Options:
    """Return options with keys that have the rights of the policy, as Ceph grants them."""
    policy = documented(prefix, writes=writes)
    client(server).put_object(Bucket=BUCKET, Key=FOREIGN, Body=b"{}")
    principal = {"AWS": ["arn:aws:iam:::user/other"]}
    published = [{**statement, "Principal": principal} for statement in policy["Statement"]]
    client(server).put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({**policy, "Statement": published})
    )
    return replace(server, prefix=prefix, access_key="other")


@contextmanager
def granted_by_moto(prefix: str) -> Iterator[S3Options]:
    """Yield options with keys that have the rights of the policy, as moto grants them.

    In a process of its own, because the mock's rights hold for the whole process. It knows no
    conditions, so listing is not bounded to the prefix.
    """
    port = free_ports(1)
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        owner = options(f"http://127.0.0.1:{port}")
        _wait_for(owner.endpoint)
        if server.poll() is not None:  # another server answers there: its rights are not ours
            raise OSError(f"port {port} was taken before moto could listen on it")
        make_bucket(owner)
        client(owner).put_object(Bucket=BUCKET, Key=FOREIGN, Body=b"{}")
        iam = client(owner, "iam")
        iam.create_user(UserName="worker")
        policy = documented(prefix)
        statements = [
            {key: value for key, value in statement.items() if key != "Condition"}
            for statement in policy["Statement"]
        ]
        document = json.dumps({**policy, "Statement": statements})
        iam.put_user_policy(UserName="worker", PolicyName="least", PolicyDocument=document)
        key = iam.create_access_key(UserName="worker")["AccessKey"]
        request = urllib.request.Request(
            f"{owner.endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}
        )
        with urllib.request.urlopen(request, timeout=10):
            pass
        yield replace(
            owner,
            prefix=prefix,
            access_key=key["AccessKeyId"],
            secret_key=key["SecretAccessKey"],
        )
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def _wait_for(endpoint: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=2):
                return
        except (URLError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
