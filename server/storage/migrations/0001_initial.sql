-- The first schema. One text for both databases: words in braces are replaced (see ../src/migrate.rs).
-- All times are milliseconds since 1970 UTC. Ids are random UUIDs. Text compares octet by octet.

CREATE TABLE users (
    id {uuid} PRIMARY KEY,
    email {text} NOT NULL,
    -- ASCII letters in lower case; what accounts are found and searched by.
    email_key {text} NOT NULL,
    -- Whether the account is found by its address: one account at most has it so. An address that was not
    -- proven, or that another account has proven, is for display alone.
    email_verified {bool} NOT NULL,
    name {text} NOT NULL,
    -- Lower case, here and below: what lists are ordered and searched by.
    name_key {text} NOT NULL,
    avatar_url {text},
    is_active {bool} NOT NULL,
    is_admin {bool} NOT NULL,
    -- One more with every change of `is_admin`: what was issued to an administrator of before is not this one's.
    admin_generation {int} NOT NULL,
    -- Tokens issued before this moment are void.
    sessions_invalidated_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    last_login_at {time}
){strict};
CREATE UNIQUE INDEX users_by_verified_email ON users (email_key) WHERE email_verified;
CREATE INDEX users_by_email ON users (email_key, id);

-- A person at an identity provider: (issuer, subject), and nothing else, says who it is.
CREATE TABLE identities (
    issuer {text} NOT NULL,
    subject {text} NOT NULL,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider {text} NOT NULL,
    email {text},
    email_verified {bool} NOT NULL,
    created_at {time} NOT NULL,
    last_login_at {time} NOT NULL,
    PRIMARY KEY (issuer, subject)
){strict};
CREATE INDEX identities_by_user ON identities (user_id);

CREATE TABLE workspaces (
    id {uuid} PRIMARY KEY,
    slug {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    name_key {text} NOT NULL,
    description {text},
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
){strict};
CREATE INDEX workspaces_by_name ON workspaces (name_key, id);

CREATE TABLE memberships (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role {text} NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
){strict};
CREATE INDEX memberships_by_user ON memberships (user_id);

-- Someone who has no account yet is to become a member: at the first login that proves the address.
CREATE TABLE invitations (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    email {text} NOT NULL,
    -- As in users.
    email_key {text} NOT NULL,
    role {text} NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
    invited_by {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    UNIQUE (workspace_id, email_key)
){strict};
CREATE INDEX invitations_by_email ON invitations (email_key);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

CREATE TABLE groups (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name {text} NOT NULL,
    name_key {text} NOT NULL,
    description {text},
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL,
    UNIQUE (workspace_id, name),
    UNIQUE (workspace_id, id)
){strict};

-- The workspace stands here too, so that only its members can be in its groups and leave them with it.
CREATE TABLE group_members (
    group_id {uuid} NOT NULL,
    workspace_id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    added_at {time} NOT NULL,
    PRIMARY KEY (group_id, user_id),
    FOREIGN KEY (workspace_id, group_id) REFERENCES groups (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
){strict};
CREATE INDEX group_members_by_user ON group_members (workspace_id, user_id);

-- What tokens, actions and resources can be scoped to: the name of a service or the slug of a realm. One table for
-- both, so that no realm can be made whose slug opens what belongs to a service, nor the other way round.
CREATE TABLE scopes (
    name {text} PRIMARY KEY
){strict};

-- Services that share one scope: actions, permissions and tokens are the realm's, not each member's own.
CREATE TABLE realms (
    id {uuid} PRIMARY KEY,
    slug {text} NOT NULL UNIQUE REFERENCES scopes (name),
    name {text} NOT NULL,
    created_at {time} NOT NULL
){strict};

CREATE TABLE services (
    id {uuid} PRIMARY KEY,
    -- What tokens (`svc`), actions and resources are named by.
    service_name {text} NOT NULL UNIQUE REFERENCES scopes (name),
    name {text} NOT NULL,
    realm_id {uuid} REFERENCES realms (id),
    -- JSON array of origins whose browsers may resolve tokens for this service.
    allowed_origins {text} NOT NULL,
    -- JSON array of the client ids whose identity provider's tokens it takes; empty: those of the deployment.
    idp_audiences {text} NOT NULL,
    -- JSON array of the pages to which a login whose code only this server can exchange may lead back, as they are.
    relay_redirect_uris {text} NOT NULL,
    is_active {bool} NOT NULL,
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
){strict};

-- A key is 256 random bits: its plain SHA-256 is what is stored. Several are valid while keys rotate.
CREATE TABLE service_keys (
    hash {bytes} PRIMARY KEY,
    service_id {uuid} NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    prefix {text} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time}
){strict};
CREATE INDEX service_keys_by_service ON service_keys (service_id);

-- Front ends of proxy mode: where a login may lead back to.
CREATE TABLE clients (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL,
    -- Lower case.
    name_key {text} NOT NULL,
    -- JSON arrays: redirect URIs compared as they are, and origins allowed by CORS.
    redirect_uris {text} NOT NULL,
    allowed_origins {text} NOT NULL,
    is_active {bool} NOT NULL,
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
){strict};

CREATE TABLE actions (
    id {uuid} PRIMARY KEY,
    -- The effective scope: a service's name or its realm's slug.
    service_name {text} NOT NULL,
    action {text} NOT NULL,
    description {text},
    created_at {time} NOT NULL,
    UNIQUE (service_name, action)
){strict};

CREATE TABLE roles (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name {text} NOT NULL,
    name_key {text} NOT NULL,
    description {text},
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL,
    UNIQUE (workspace_id, name),
    UNIQUE (workspace_id, id)
){strict};

CREATE TABLE role_actions (
    role_id {uuid} NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    action_id {uuid} NOT NULL REFERENCES actions (id) ON DELETE CASCADE,
    PRIMARY KEY (role_id, action_id)
){strict};
CREATE INDEX role_actions_by_action ON role_actions (action_id);

CREATE TABLE role_members (
    role_id {uuid} NOT NULL,
    workspace_id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    assigned_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    assigned_at {time} NOT NULL,
    PRIMARY KEY (role_id, user_id),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
){strict};
CREATE INDEX role_members_by_user ON role_members (workspace_id, user_id);

-- What a permission is about. The owner is a fact about the resource and stays when the owner leaves
-- the workspace: nothing follows from it then, since no token is issued to a non-member.
CREATE TABLE resources (
    id {uuid} PRIMARY KEY,
    service_name {text} NOT NULL,
    resource_type {text} NOT NULL,
    resource_id {uuid} NOT NULL,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    owner_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    visibility {text} NOT NULL CHECK (visibility IN ('private', 'workspace')),
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    UNIQUE (service_name, resource_type, resource_id),
    UNIQUE (workspace_id, id)
){strict};
-- One for each way in which a resource can be accessible: to its owner, and to every member.
CREATE INDEX resources_by_owner ON resources (workspace_id, service_name, resource_type, owner_id, resource_id);
CREATE INDEX resources_by_visibility
    ON resources (workspace_id, service_name, resource_type, visibility, resource_id);
CREATE INDEX resources_by_age ON resources (created_at, id);

-- Who else may: one row is one relation tuple (resource, permission, grantee). The grantee is a member or a
-- group of the resource's workspace: the row cannot be made otherwise, and goes when the member or the group goes.
CREATE TABLE shares (
    id {uuid} PRIMARY KEY,
    permission_id {uuid} NOT NULL,
    workspace_id {uuid} NOT NULL,
    user_id {uuid},
    group_id {uuid},
    permission {text} NOT NULL CHECK (permission IN ('view', 'edit')),
    granted_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    granted_at {time} NOT NULL,
    CHECK ((user_id IS NULL) <> (group_id IS NULL)),
    UNIQUE (permission_id, user_id),
    UNIQUE (permission_id, group_id),
    FOREIGN KEY (workspace_id, permission_id) REFERENCES resources (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, group_id) REFERENCES groups (workspace_id, id) ON DELETE CASCADE
){strict};
CREATE INDEX shares_by_user ON shares (workspace_id, user_id);
CREATE INDEX shares_by_group ON shares (workspace_id, group_id);

-- A login on its way to an identity provider and back. Secrets are stored hashed or sealed.
CREATE TABLE login_states (
    state_hash {bytes} PRIMARY KEY,
    purpose {text} NOT NULL CHECK (purpose IN ('login', 'admin', 'authz')),
    provider {text} NOT NULL,
    -- What the way back needs (nonce, PKCE verifier, redirect URI, client's state and challenge), sealed.
    sealed {bytes} NOT NULL,
    expires_at {time} NOT NULL
){strict};
CREATE INDEX login_states_by_expiry ON login_states (expires_at);

CREATE TABLE authorization_codes (
    code_hash {bytes} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id {uuid} NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    code_challenge {text} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    -- A code that comes a second time revokes what it led to (RFC 6749, section 4.1.2).
    consumed_at {time},
    session_id {uuid}
){strict};
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at);

-- A provider's token that waits for the front end which began the login: whoever has the code and made the challenge.
CREATE TABLE relay_codes (
    code_hash {bytes} PRIMARY KEY,
    service_id {uuid} NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    provider {text} NOT NULL,
    code_challenge {text} NOT NULL,
    sealed {bytes} NOT NULL,
    expires_at {time} NOT NULL
){strict};
CREATE INDEX relay_codes_by_expiry ON relay_codes (expires_at);

-- A login's refresh-token family. Its one live child is named by this row, so there can be no second.
CREATE TABLE sessions (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    client_id {uuid} REFERENCES clients (id) ON DELETE CASCADE,
    -- The family's secret, sealed: a child's `jti` is derived from it and its parent's.
    sealed_secret {bytes} NOT NULL,
    -- The generation of the live refresh token; its parent is one less.
    generation {int} NOT NULL,
    rotated_at {time} NOT NULL,
    user_agent {text},
    ip_address {text},
    created_at {time} NOT NULL,
    last_used_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time},
    revoked_for {text} CHECK (revoked_for IN ('logout', 'reuse', 'replay', 'user', 'admin', 'membership'))
){strict};
CREATE INDEX sessions_by_user ON sessions (user_id, workspace_id);
CREATE INDEX sessions_by_workspace ON sessions (workspace_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- What was taken back before it expired, in the order in which verifiers elsewhere learn of it.
CREATE TABLE revocations (
    seq {serial},
    -- A token by its `jti`, a session by its id; what had been given before `at` to a user (by id), to a member (the
    -- ids of user and workspace, with a slash between them), in a workspace (by id), or to anyone at all.
    kind {text} NOT NULL CHECK (kind IN ('token', 'session', 'user', 'member', 'workspace', 'all')),
    value {text} NOT NULL,
    at {time} NOT NULL,
    -- When no token that it concerns can be alive any more.
    expires_at {time} NOT NULL,
    UNIQUE (kind, value, at)
){strict};
CREATE INDEX revocations_by_expiry ON revocations (expires_at);

CREATE TABLE signing_keys (
    kid {text} PRIMARY KEY,
    algorithm {text} NOT NULL,
    public_jwk {text} NOT NULL,
    sealed_private {bytes} NOT NULL,
    created_at {time} NOT NULL,
    -- Published at once, signing from here on, until a younger one signs.
    signs_from {time} NOT NULL,
    -- No longer published from here on: every token that it signed has expired.
    retires_at {time}
){strict};

-- One-time links and other single-use secrets of this deployment.
CREATE TABLE one_time_links (
    hash {bytes} PRIMARY KEY,
    purpose {text} NOT NULL,
    user_id {uuid} REFERENCES users (id) ON DELETE CASCADE,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    used_at {time}
){strict};

CREATE TABLE activity (
    seq {serial},
    at {time} NOT NULL,
    -- 'user', 'admin', 'service' or 'system', and its id or name.
    actor_kind {text} NOT NULL,
    actor_id {text},
    action {text} NOT NULL,
    target_kind {text},
    target_id {text},
    workspace_id {uuid},
    -- JSON object; no secret, no token.
    detail {text} NOT NULL,
    ip_address {text}
){strict};
CREATE INDEX activity_by_workspace ON activity (workspace_id, seq);
CREATE INDEX activity_by_actor ON activity (actor_id, seq);
CREATE INDEX activity_by_target ON activity (target_kind, target_id, seq);

-- Settings that are changed while the server runs, and what the deployment remembers of itself.
CREATE TABLE deployment (
    key {text} PRIMARY KEY,
    value {text} NOT NULL,
    updated_at {time} NOT NULL
){strict};
