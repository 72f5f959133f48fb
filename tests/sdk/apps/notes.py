"""The notes that both applications serve: every query scoped to the caller's workspace, entity permissions asked of
Sentinel through `RequestAuth`."""

import uuid
from dataclasses import dataclass

from fastapi import APIRouter, Depends, HTTPException
from sentinel_auth import AuthenticatedUser, RequestAuth, Sentinel, SentinelError, WorkspaceContext, get_token
from sentinel_auth.dependencies import get_workspace_context, get_workspace_id, require_role

ACTIONS = [
    {"action": "notes:export", "description": "Export notes"},
    {"action": "notes:purge"},
]


@dataclass
class Note:
    id: uuid.UUID
    workspace_id: uuid.UUID
    owner_id: uuid.UUID
    title: str


def router(sentinel: Sentinel) -> APIRouter:
    routes = APIRouter()
    notes: dict[uuid.UUID, Note] = {}

    def find(note_id: uuid.UUID, workspace_id: uuid.UUID) -> Note:
        note = notes.get(note_id)
        if note is None or note.workspace_id != workspace_id:
            raise HTTPException(404, "No such note")
        return note

    @routes.get("/health")
    async def health():
        return {"status": "ok"}

    @routes.get("/me")
    async def me(user: AuthenticatedUser = Depends(sentinel.require_user)):
        return user

    @routes.get("/context")
    async def context(context: WorkspaceContext = Depends(get_workspace_context)):
        return context

    @routes.get("/token-kind")
    async def token_kind(token: str = Depends(get_token)):
        return {"length": len(token)}

    @routes.get("/notes")
    async def list_notes(
        auth: RequestAuth = Depends(sentinel.get_auth), workspace_id: uuid.UUID = Depends(get_workspace_id)
    ):
        ids, everything = await auth.accessible("note", "view")
        mine = [note for note in notes.values() if note.workspace_id == workspace_id]
        return [note for note in mine if everything or note.id in ids]

    @routes.post("/notes")
    async def create_note(
        title: str,
        visibility: str = "workspace",
        auth: RequestAuth = Depends(sentinel.get_auth),
        user: AuthenticatedUser = Depends(require_role("editor")),
    ):
        note = Note(uuid.uuid4(), user.workspace_id, user.user_id, title)
        await auth.register_resource("note", note.id, visibility)
        notes[note.id] = note
        return note

    @routes.get("/notes/{note_id}")
    async def read_note(note_id: uuid.UUID, auth: RequestAuth = Depends(sentinel.get_auth)):
        note = find(note_id, auth.workspace_id)
        if not await auth.can("note", note_id, "view"):
            raise HTTPException(403, "Access denied")
        return note

    @routes.patch("/notes/{note_id}")
    async def rename_note(note_id: uuid.UUID, title: str, auth: RequestAuth = Depends(sentinel.get_auth)):
        note = find(note_id, auth.workspace_id)
        if not await auth.can("note", note_id, "edit"):
            raise HTTPException(403, "Access denied")
        note.title = title
        return note

    @routes.delete("/notes/{note_id}")
    async def delete_note(note_id: uuid.UUID, user: AuthenticatedUser = Depends(require_role("admin"))):
        find(note_id, user.workspace_id)
        await sentinel.permissions.deregister_resource("note", note_id)
        return {"deleted": notes.pop(note_id).id}

    @routes.post("/notes/{note_id}/share")
    async def share_note(
        note_id: uuid.UUID,
        grantee_type: str,
        grantee_id: uuid.UUID,
        permission: str = "view",
        auth: RequestAuth = Depends(sentinel.get_auth),
    ):
        try:
            return await auth.share("note", note_id, grantee_type, grantee_id, permission)
        except SentinelError as error:
            raise HTTPException(error.status_code or 502, str(error)) from error

    @routes.get("/export")
    async def export(user: AuthenticatedUser = Depends(sentinel.require_action("notes:export"))):
        return {"exported_by": user.user_id}

    @routes.get("/purge-allowed")
    async def purge_allowed(auth: RequestAuth = Depends(sentinel.get_auth)):
        return {"allowed": await auth.check_action("notes:purge")}

    @routes.get("/colleagues")
    async def colleagues(q: str | None = None, auth: RequestAuth = Depends(sentinel.get_auth)):
        groups = await auth.list_groups()
        return {
            "members": await auth.search_members(q) if q else await auth.list_members(),
            "groups": {group["name"]: await auth.get_group_members(uuid.UUID(group["id"])) for group in groups},
        }

    return routes
