"""What an application is told by its environment."""

import os

SENTINEL_URL = os.environ["SENTINEL_URL"]
SERVICE_NAME = os.environ["SERVICE_NAME"]
SERVICE_KEY = os.environ["SERVICE_KEY"]
ALLOWED_WORKSPACES = set(filter(None, os.environ.get("ALLOWED_WORKSPACES", "").split(","))) or None
IDP_JWKS_URL = os.environ.get("IDP_JWKS_URL", "")
IDP_ISSUER = os.environ.get("IDP_ISSUER", "")
IDP_AUDIENCE = os.environ.get("IDP_AUDIENCE", "")
