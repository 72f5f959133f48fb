"""Authz mode: the front end logs in at the provider itself; Sentinel's token says what they may. Services of one realm
also call each other without a user, and the browser reaches Sentinel through this application alone."""

from fastapi import Depends, FastAPI
from sentinel_auth import Sentinel, SystemAuth

from . import notes
from .settings import IDP_AUDIENCE, IDP_ISSUER, IDP_JWKS_URL, SENTINEL_URL, SERVICE_KEY, SERVICE_NAME

sentinel = Sentinel(
    base_url=SENTINEL_URL,
    service_name=SERVICE_NAME,
    service_key=SERVICE_KEY,
    idp_jwks_url=IDP_JWKS_URL,
    idp_audience=IDP_AUDIENCE,
    idp_issuer=IDP_ISSUER,
    actions=notes.ACTIONS,
)

app = FastAPI(lifespan=sentinel.lifespan)
sentinel.protect(app, exclude_paths=["/health", "/internal", "/sentinel"])
app.include_router(notes.router(sentinel))
app.include_router(sentinel.proxy_router(), prefix="/sentinel")


@app.post("/internal/sync")
async def sync(caller: SystemAuth = Depends(sentinel.require_system)):
    return {"caller": caller.caller, "svc": caller.svc, "may": caller.can("anything")}
