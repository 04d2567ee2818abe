"""What is done with every request: it gets an id, a line in the log, and an answer also where the application fails."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import logs

log = logging.getLogger("app.requests")

# What comes from outside is in every log line: nothing that is long, or that another program would read as something else.
ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

# They are asked every second, by probes.
QUIET = ("/api/health", "/api/ready")


class Requests:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        id = given if ID.fullmatch(given) else uuid.uuid4().hex
        token = logs.request_id.set(id)
        status = 0
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = id
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception:
            log.exception("the request failed")
            if status == 0:
                await JSONResponse({"detail": "The server failed.", "request_id": id}, 500)(scope, receive, answer)
        finally:
            facts = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round((time.perf_counter() - began) * 1000, 1),
            }
            quiet = scope["path"] in QUIET and status < 400
            log.log(logging.DEBUG if quiet else logging.INFO, "request", extra={"facts": facts})
            logs.request_id.reset(token)
