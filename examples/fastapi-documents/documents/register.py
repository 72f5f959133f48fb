"""Makes Sentinel know the documents from before: `python -m documents.register`, once. Harmless when repeated."""

import asyncio

from sentinel_auth.permissions import PermissionClient
from sentinel_auth.types import SentinelError
from sqlalchemy import select

from . import settings
from .database import sessions
from .models import Document
from .routes import DOCUMENT


async def register_all() -> int:
    client = PermissionClient(settings.IDENTITY_URL, settings.SERVICE_NAME, settings.SERVICE_KEY)
    registered = 0
    async with client, sessions() as session:
        for document in await session.scalars(select(Document)):
            try:
                await client.register_resource(
                    DOCUMENT, document.id, document.workspace_id, document.owner_id, visibility="workspace"
                )
                registered += 1
            except SentinelError as error:
                if error.status_code != 409:  # it is known already
                    raise
    return registered


if __name__ == "__main__":
    print(f"{asyncio.run(register_all())} documents registered")
