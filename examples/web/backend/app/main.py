"""The application, which uvicorn runs in each worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware

from . import database, items, readiness, settings
from .cache import Cache
from .requests import Requests


def create(given: settings.Settings | None = None) -> FastAPI:
    chosen = given or settings.read()
    report_errors(chosen)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.cache.watch()
        yield
        app.state.cache.close()
        app.state.engine.dispose()

    app = FastAPI(title="Sample backend", version=chosen.version, docs_url="/api/docs", openapi_url="/api/openapi.json", lifespan=lifespan)
    app.state.settings = chosen
    app.state.engine = database.engine(chosen.database_url, chosen.database_pool)
    app.state.cache = Cache(chosen.cache_url)
    app.include_router(items.router)

    # Async: it answers also while all threads wait for a database.
    @app.get("/api/health")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": chosen.version}

    @app.get("/api/ready")
    def ready(request: Request, response: Response) -> dict[str, object]:
        checks = readiness.checks(request.app.state.engine, request.app.state.cache)
        well = all(state == "ok" for state in checks.values())
        response.status_code = 200 if well else 503
        return {"status": "ready" if well else "not ready", "checks": checks}

    if chosen.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=chosen.cors_origins, allow_credentials=True, allow_methods=["GET", "POST"], allow_headers=["*"]
        )
    # Added last, and so the outermost.
    app.add_middleware(Requests)
    return app


def report_errors(chosen: settings.Settings) -> None:
    if chosen.error_reporting_dsn is None:
        return
    import sentry_sdk

    sentry_sdk.init(chosen.error_reporting_dsn, release=chosen.version)
