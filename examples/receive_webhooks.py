"""Receive webhooks: check the signature of each delivery and print its event.

WEBHOOK_SECRET=… python examples/receive_webhooks.py PORT

Register it at the service with the same secret (16 characters or more):
curl -X POST SERVER/v1/webhooks --json \
  '{"webhook_id": "till", "url": "http://127.0.0.1:PORT/", "secret": "…"}'
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = os.environ["WEBHOOK_SECRET"]
MAX_AGE_S = 300  # an older delivery may be a copy of a genuine one


def is_genuine(signature: str, body: bytes) -> bool:
    """Check a `Skulens-Signature`: t=<Unix time>,v1=<HMAC-SHA256 of "t.body" in hex>."""
    fields = dict(part.partition("=")[::2] for part in signature.split(","))
    sent_at = fields.get("t", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > MAX_AGE_S:
        return False
    signed = sent_at.encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(fields.get("v1", ""), expected)


class WebhookReceiver(BaseHTTPRequestHandler):
    """Takes deliveries; each comes at least once, its number tells a repetition."""

    last_number = 0

    def do_POST(self) -> None:
        """Print the event of a genuine delivery."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not is_genuine(self.headers.get("Skulens-Signature", ""), body):
            self.send_error(403, "the signature is wrong")
            return
        number, event = int(self.headers["Skulens-Event-Number"]), json.loads(body)
        if number > WebhookReceiver.last_number:
            WebhookReceiver.last_number = number
            print(event["event"], event["product_id"], event["probability"], flush=True)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), WebhookReceiver).serve_forever()
