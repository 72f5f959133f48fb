-- Services that provision a workspace's people by SCIM.
CREATE TABLE scim_clients (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- A key is 256 random bits: its plain SHA-256 is what is stored.
    key_hash {bytes} NOT NULL UNIQUE,
    prefix {text} NOT NULL,
    -- Domains whose addresses its word proves, each with a comma before and behind it.
    domains {text} NOT NULL,
    -- What people are in the workspace who come by it.
    role {text} NOT NULL CHECK (role IN ('editor', 'viewer')),
    created_at {time} NOT NULL
){strict};
CREATE INDEX scim_clients_by_workspace ON scim_clients (workspace_id);

-- People of a workspace as they are provisioned.
CREATE TABLE scim_users (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- `userName` and the address in lower case.
    user_name_key {text} NOT NULL,
    email_key {text},
    external_id {text},
    -- Whether the person is a member, and what they are then.
    is_active {bool} NOT NULL,
    role {text} NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
    -- Whether the account was made here: its name is what is said here.
    is_managed {bool} NOT NULL,
    -- What was said of the person, as a JSON object in SCIM's form.
    resource {text} NOT NULL,
    version {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, user_id),
    UNIQUE (workspace_id, user_name_key)
){strict};
CREATE INDEX scim_users_by_user ON scim_users (user_id);
CREATE INDEX scim_users_by_external_id ON scim_users (workspace_id, external_id);
CREATE INDEX scim_users_by_email ON scim_users (workspace_id, email_key);
