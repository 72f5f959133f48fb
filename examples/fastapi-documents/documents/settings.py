"""What the environment says."""

import os
from pathlib import Path

IDENTITY_URL = os.environ["IDENTITY_URL"]
SERVICE_KEY = os.environ["SERVICE_KEY"]
SERVICE_NAME = "documents"
#: The public key of Sentinel: `sentinel keys export > keys/public.pem`.
PUBLIC_KEY = Path(os.environ.get("PUBLIC_KEY_FILE", "keys/public.pem")).read_text()
#: Ids of the workspaces that may use this service, separated by commas; without it all may.
ALLOWED_WORKSPACES = set(filter(None, os.environ.get("ALLOWED_WORKSPACES", "").split(","))) or None
DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///documents.db")
#: The URL of a Qdrant server, or `:memory:`.
QDRANT = os.environ.get("QDRANT", ":memory:")
