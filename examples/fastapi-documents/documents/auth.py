"""Who is asking, as routes depend on it. They import from here, and nothing of the SDK."""

import uuid
from typing import Annotated

from fastapi import Depends, Request
from sentinel_auth.dependencies import get_current_user, get_token, get_workspace_id, require_role
from sentinel_auth.permissions import PermissionClient
from sentinel_auth.types import AuthenticatedUser


def get_permissions(request: Request) -> PermissionClient:
    return request.app.state.permissions


User = Annotated[AuthenticatedUser, Depends(get_current_user)]
Editor = Annotated[AuthenticatedUser, Depends(require_role("editor"))]
Admin = Annotated[AuthenticatedUser, Depends(require_role("admin"))]
WorkspaceId = Annotated[uuid.UUID, Depends(get_workspace_id)]
Token = Annotated[str, Depends(get_token)]
Permissions = Annotated[PermissionClient, Depends(get_permissions)]
