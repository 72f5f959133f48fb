"""The application."""

from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sentinel_auth.middleware import JWTAuthMiddleware
from sentinel_auth.permissions import PermissionClient
from sentinel_auth.types import SentinelError
from sqlalchemy import select

from . import settings
from .database import engine, sessions
from .models import Document
from .routes import router
from .search import Search


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.permissions = PermissionClient(
        base_url=settings.IDENTITY_URL,
        service_name=settings.SERVICE_NAME,
        service_key=settings.SERVICE_KEY,
    )
    app.state.search = Search(settings.QDRANT)
    await app.state.search.open()
    # A store in memory begins empty.
    async with sessions() as session:
        for document in await session.scalars(select(Document)):
            await app.state.search.put(document)
    yield
    await app.state.permissions.close()
    await app.state.search.client.close()
    await engine.dispose()


app = FastAPI(title="Documents", lifespan=lifespan)

app.add_middleware(
    JWTAuthMiddleware,
    public_key=settings.PUBLIC_KEY,
    exclude_paths=["/health", "/docs", "/openapi.json", "/redoc"],
    allowed_workspaces=settings.ALLOWED_WORKSPACES,
)


@app.exception_handler(SentinelError)
async def refused(_request: Request, error: SentinelError):
    """What Sentinel refuses is refused: also a token that was taken back and has not expired."""
    status = error.status_code if error.status_code in (400, 401, 403, 404, 409, 422) else 503
    return JSONResponse({"detail": "Refused by Sentinel"}, status)


@app.exception_handler(httpx.TransportError)
async def unreachable(_request: Request, _error: httpx.TransportError):
    """Without an answer nothing is allowed."""
    return JSONResponse({"detail": "Sentinel does not answer"}, 503)


@app.get("/health")
async def health():
    return {"status": "ok"}


app.include_router(router)
