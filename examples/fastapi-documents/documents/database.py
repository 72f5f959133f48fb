"""The SQL database, and the one way to ask it for what belongs to someone."""

import uuid
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from . import settings
from .models import Document

engine = create_async_engine(settings.DATABASE_URL)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


def documents_of(workspace_id: uuid.UUID) -> Select[tuple[Document]]:
    """Where every query of this service begins."""
    return select(Document).where(Document.workspace_id == workspace_id)
