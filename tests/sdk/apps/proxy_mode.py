"""Proxy mode: Sentinel runs the login, and one token says who it is and what they may."""

from fastapi import FastAPI
from sentinel_auth import Sentinel

from . import notes
from .settings import ALLOWED_WORKSPACES, SENTINEL_URL, SERVICE_KEY, SERVICE_NAME

sentinel = Sentinel(
    base_url=SENTINEL_URL,
    service_name=SERVICE_NAME,
    service_key=SERVICE_KEY,
    mode="proxy",
    actions=notes.ACTIONS,
    allowed_workspaces=ALLOWED_WORKSPACES,
)

app = FastAPI(lifespan=sentinel.lifespan)
sentinel.protect(app)
app.include_router(notes.router(sentinel))
