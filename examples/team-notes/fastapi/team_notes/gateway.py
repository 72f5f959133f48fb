"""Only what came through the gateway: each request carries its proof, good for this one and for half a minute."""

from collections.abc import Iterable

import jwt
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class BehindGateway:
    def __init__(
        self,
        app: ASGIApp,
        secret: str,
        service: str,
        gateway: str = "sentinel-gateway",
        exclude_paths: Iterable[str] = (),
    ):
        self.app, self.secret, self.service, self.gateway = app, secret, service, gateway
        self.exclude_paths = frozenset(exclude_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in self.exclude_paths or self.proves(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await JSONResponse({"detail": "Not through the gateway"}, 401)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def proves(self, scope: Scope) -> bool:
        proofs = [value for name, value in scope["headers"] if name == b"x-sentinel-gateway"]
        if len(proofs) != 1:
            return False
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        target = (scope["raw_path"] + query).decode("latin-1")
        try:
            proof = jwt.decode_complete(
                proofs[0],
                self.secret,
                algorithms=["HS256"],
                audience=self.service,
                issuer=self.gateway,
                leeway=5,
                options={"require": ["exp", "iat", "htm", "htu"]},
            )
        except jwt.InvalidTokenError:
            return False
        claims = proof["payload"]
        is_ours = proof["header"].get("typ") == "sentinel-gateway+jwt"
        return is_ours and claims["htm"] == scope.get("method", "GET") and claims["htu"] == target
