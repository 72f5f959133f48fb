"""The routes. Each asks in this order: is it of the caller's workspace, and may the caller."""

import uuid
from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from .auth import Admin, Editor, Permissions, Token, User, WorkspaceId
from .database import Session, documents_of
from .models import Document

router = APIRouter()

#: What Sentinel knows documents as.
DOCUMENT = "document"


class NewDocument(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    content: str = Field(max_length=100_000)
    visibility: Literal["private", "workspace"] = "workspace"


class ChangedDocument(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    content: str = Field(max_length=100_000)


class Share(BaseModel):
    grantee_type: Literal["user", "group"]
    grantee_id: uuid.UUID
    permission: Literal["view", "edit"] = "view"


async def find(session: Session, workspace_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """A document of this workspace. Those of others do not exist."""
    document = await session.scalar(documents_of(workspace_id).where(Document.id == document_id))
    if document is None:
        raise HTTPException(404, "No such document")
    return document


@router.get("/documents")
async def list_documents(session: Session, workspace_id: WorkspaceId, token: Token, permissions: Permissions):
    visible, everything = await permissions.accessible(token, DOCUMENT, "view", workspace_id)
    query = documents_of(workspace_id)
    if not everything:
        query = query.where(Document.id.in_(visible))
    return (await session.scalars(query.order_by(Document.title))).all()


@router.get("/documents/search")
async def search_documents(
    q: str, request: Request, session: Session, workspace_id: WorkspaceId, token: Token, permissions: Permissions
):
    visible, everything = await permissions.accessible(token, DOCUMENT, "view", workspace_id)
    ids = await request.app.state.search.find(workspace_id, q, among=None if everything else visible)
    # The vector store only ranks: what is shown comes from the database, by the same rule as everywhere.
    found = await session.scalars(documents_of(workspace_id).where(Document.id.in_(ids)))
    return sorted(found, key=lambda document: ids.index(document.id))


@router.post("/documents", status_code=201)
async def create_document(new: NewDocument, request: Request, session: Session, user: Editor, permissions: Permissions):
    document = Document(title=new.title, content=new.content, workspace_id=user.workspace_id, owner_id=user.user_id)
    session.add(document)
    await session.flush()
    # Before the commit: a document that is not registered is one that nobody may see.
    await permissions.register_resource(
        DOCUMENT, document.id, document.workspace_id, document.owner_id, visibility=new.visibility
    )
    await session.commit()
    await request.app.state.search.put(document)
    return document


@router.get("/documents/{document_id}")
async def read_document(
    document_id: uuid.UUID, session: Session, workspace_id: WorkspaceId, token: Token, permissions: Permissions
):
    document = await find(session, workspace_id, document_id)
    if not await permissions.can(token, DOCUMENT, document_id, "view"):
        raise HTTPException(403, "You may not see this document")
    return document


@router.put("/documents/{document_id}")
async def change_document(
    document_id: uuid.UUID,
    change: ChangedDocument,
    request: Request,
    session: Session,
    user: User,
    token: Token,
    permissions: Permissions,
):
    document = await find(session, user.workspace_id, document_id)
    if not await permissions.can(token, DOCUMENT, document_id, "edit"):
        raise HTTPException(403, "You may not change this document")
    document.title, document.content = change.title, change.content
    await session.commit()
    await request.app.state.search.put(document)
    return document


@router.delete("/documents/{document_id}", status_code=204)
async def delete_document(
    document_id: uuid.UUID, request: Request, session: Session, user: Admin, permissions: Permissions
):
    document = await find(session, user.workspace_id, document_id)
    await request.app.state.search.remove(user.workspace_id, document_id)
    await session.delete(document)
    await session.commit()
    await permissions.deregister_resource(DOCUMENT, document_id)


@router.post("/documents/{document_id}/share", status_code=201)
async def share_document(
    document_id: uuid.UUID, share: Share, session: Session, user: User, token: Token, permissions: Permissions
):
    await find(session, user.workspace_id, document_id)
    # Sentinel refuses whoever may not share it, and a grantee who is not of this workspace.
    await permissions.share(token, DOCUMENT, document_id, share.grantee_type, share.grantee_id, share.permission)
    return share
