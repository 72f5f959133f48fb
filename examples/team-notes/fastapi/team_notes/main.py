"""The routes. A role and an action are in the caller's token; relations to a note are Sentinel's to know."""

import os
import uuid
from dataclasses import dataclass, field
from typing import Annotated, Literal

import httpx
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field
from sentinel_auth import AuthenticatedUser, RequestAuth, Sentinel, SentinelError
from sentinel_auth.dependencies import require_role

from .gateway import BehindGateway

sentinel = Sentinel(
    base_url=os.environ["SENTINEL_URL"],
    service_name="notes",
    service_key=os.environ["SENTINEL_SERVICE_KEY"],
    idp_issuer=os.environ["IDP_ISSUER"],
    idp_jwks_url=os.environ["IDP_JWKS_URL"],
    idp_audience=os.environ["IDP_CLIENT_ID"],
    actions=[{"action": "notes:export", "description": "Take all notes along"}],
)

app = FastAPI(title="Team Notes", lifespan=sentinel.lifespan)
sentinel.protect(app, exclude_paths=["/health"])
app.add_middleware(
    BehindGateway, secret=os.environ["SENTINEL_GATEWAY_KEY"], service="team-notes", exclude_paths=["/health"]
)

Auth = Annotated[RequestAuth, Depends(sentinel.get_auth)]
Editor = Annotated[AuthenticatedUser, Depends(require_role("editor"))]
Exporter = Annotated[AuthenticatedUser, Depends(sentinel.require_action("notes:export"))]


@dataclass
class Note:
    title: str
    text: str
    owner_id: uuid.UUID
    workspace_id: uuid.UUID
    id: uuid.UUID = field(default_factory=uuid.uuid4)


class Draft(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(max_length=100_000)


class Share(BaseModel):
    user_id: uuid.UUID
    permission: Literal["view", "edit"]


#: Stands for your database.
notes: dict[uuid.UUID, Note] = {}

routes = APIRouter(prefix="/api/notes")


def find(auth: RequestAuth, note_id: uuid.UUID) -> Note:
    """A note of the caller's workspace. Those of others do not exist."""
    note = notes.get(note_id)
    if note is None or note.workspace_id != auth.workspace_id:
        raise HTTPException(404, "No such note")
    return note


async def find_for(auth: RequestAuth, note_id: uuid.UUID, action: Literal["view", "edit"]) -> Note:
    note = find(auth, note_id)
    if not await auth.can("note", note_id, action):
        raise HTTPException(403, f"You may not {action} this note")
    return note


async def visible(auth: RequestAuth) -> list[Note]:
    ids, everything = await auth.accessible("note", "view")
    own = [note for note in notes.values() if note.workspace_id == auth.workspace_id]
    return [note for note in own if everything or note.id in ids]


@routes.get("")
async def list_notes(auth: Auth):
    return await visible(auth)


@routes.post("", status_code=201)
async def create_note(draft: Draft, auth: Auth, user: Editor):
    note = Note(draft.title, draft.text, user.user_id, user.workspace_id)
    # First: a note that Sentinel does not know is one that nobody may see.
    await auth.register_resource("note", note.id, visibility="private")
    notes[note.id] = note
    return note


@routes.get("/export")
async def export_notes(auth: Auth, user: Exporter):
    return PlainTextResponse("".join(f"# {note.title}\n\n{note.text}\n\n" for note in await visible(auth)))


@routes.get("/{note_id}")
async def read_note(note_id: uuid.UUID, auth: Auth):
    return await find_for(auth, note_id, "view")


@routes.put("/{note_id}")
async def edit_note(note_id: uuid.UUID, draft: Draft, auth: Auth):
    note = await find_for(auth, note_id, "edit")
    note.title, note.text = draft.title, draft.text
    return note


@routes.post("/{note_id}/shares", status_code=201)
async def share_note(note_id: uuid.UUID, share: Share, auth: Auth):
    find(auth, note_id)
    # Sentinel refuses whoever may not share it.
    await auth.share("note", note_id, "user", share.user_id, share.permission)


@routes.delete("/{note_id}/shares", status_code=204)
async def unshare_note(note_id: uuid.UUID, share: Share, auth: Auth):
    find(auth, note_id)
    await auth.unshare("note", note_id, "user", share.user_id, share.permission)


@app.get("/health")
async def health():
    return "ok"


app.include_router(routes)


@app.exception_handler(SentinelError)
async def refused(_request: Request, error: SentinelError):
    """What Sentinel refuses is refused."""
    status = error.status_code if error.status_code in (400, 401, 403, 404, 409, 422) else 503
    return JSONResponse({"detail": "Refused by Sentinel"}, status)


@app.exception_handler(httpx.TransportError)
async def unreachable(_request: Request, _error: httpx.TransportError):
    """Without an answer nothing is allowed."""
    return JSONResponse({"detail": "Sentinel does not answer"}, 503)
