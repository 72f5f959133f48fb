"""The service as it was: everyone may read, write and delete every document. Run it with `uvicorn before:app`."""

import os
import uuid
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///documents.db"))
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Document(Base):
    __tablename__ = "documents"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    title: Mapped[str]
    content: Mapped[str]


class NewDocument(BaseModel):
    title: str
    content: str


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
app = FastAPI(title="Documents")


@app.get("/documents")
async def list_documents(session: Session):
    return (await session.scalars(select(Document))).all()


@app.post("/documents", status_code=201)
async def create_document(new: NewDocument, session: Session):
    document = Document(title=new.title, content=new.content)
    session.add(document)
    await session.commit()
    return document


@app.delete("/documents/{document_id}", status_code=204)
async def delete_document(document_id: uuid.UUID, session: Session):
    await session.execute(delete(Document).where(Document.id == document_id))
    await session.commit()
