-- Whether it was the workspace of a local account that deactivated it, and may undo that.
ALTER TABLE local_accounts ADD COLUMN deactivated_here {bool} NOT NULL DEFAULT FALSE;

-- People whom a directory provisioned and then deleted. Who has never logged in is a newcomer still, and none of this workspace.
CREATE TABLE scim_ended (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ended_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
){strict};
CREATE INDEX scim_ended_by_user ON scim_ended (user_id);
