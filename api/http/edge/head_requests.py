"""HEAD of whatever can be read: the answer to GET, without its body (RFC 9110, section 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.edge.messages import starts_answer


class HeadRequests:
    """Middleware that asks for what a HEAD names by GET, and keeps the body back.

    What would go on for ever, such as a stream of events, hears that its reader left.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = False

        async def send_start(message: Message) -> None:
            nonlocal answered
            if starts_answer(message):
                answered = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def leave_once_answered() -> Message:
            return {"type": "http.disconnect"} if answered else await receive()

        inner = {**scope, "method": "GET"}
        try:
            await self._app(inner, leave_once_answered, send_start)
        finally:
            if "key_id" in inner:  # the access log and the metrics say whose request it was
                scope["key_id"] = inner["key_id"]
