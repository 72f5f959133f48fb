-- A workspace's own identity provider: whoever logs in by it logs in to this workspace alone.
CREATE TABLE sso_connections (
    -- Stands in the URLs that the provider is told, and so outlives every change of the configuration.
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL UNIQUE REFERENCES workspaces (id) ON DELETE CASCADE,
    created_at {time} NOT NULL
){strict};

-- What a connection is set up with: the one that people log in by, and beside it the one that is being tried. A row's
-- configuration is never changed: another one is another row, whose test was not made yet.
CREATE TABLE sso_configurations (
    id {uuid} PRIMARY KEY,
    connection_id {uuid} NOT NULL REFERENCES sso_connections (id) ON DELETE CASCADE,
    state {text} NOT NULL CHECK (state IN ('draft', 'enabled')),
    protocol {text} NOT NULL CHECK (protocol IN ('saml2', 'oidc')),
    -- JSON: what was configured, without the secret.
    config {text} NOT NULL,
    -- Our secret at an OpenID provider.
    sealed_secret {bytes},
    -- JSON: what the provider's metadata said, and which of its keys were seen when.
    metadata {text},
    -- Whether the metadata are asked for again, when they were last, and when they were last had.
    is_followed {bool} NOT NULL,
    asked_at {time} NOT NULL,
    -- When somebody logged in by exactly this, to try it.
    tested_at {time},
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL,
    UNIQUE (connection_id, state)
){strict};
CREATE INDEX sso_configurations_followed ON sso_configurations (asked_at) WHERE is_followed;

-- Domains for whose addresses a workspace's provider may speak.
CREATE TABLE sso_domains (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- In lower case, international ones as IDNA writes them in ASCII.
    domain {text} NOT NULL,
    -- What the domain's DNS has to show.
    token {text} NOT NULL,
    proven_at {time},
    how {text} CHECK (how IN ('dns', 'administrator')),
    created_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, domain),
    CHECK ((proven_at IS NULL) = (how IS NULL))
){strict};
-- Anybody may claim a domain, and one workspace has proven it.
CREATE UNIQUE INDEX sso_domains_proven ON sso_domains (domain) WHERE proven_at IS NOT NULL;

-- Logins on their way to a workspace's provider and back. One that was used stays until it expires, so that a second use
-- is told from one that never was.
CREATE TABLE sso_journeys (
    hash {bytes} PRIMARY KEY,
    connection_id {uuid} NOT NULL REFERENCES sso_connections (id) ON DELETE CASCADE,
    purpose {text} NOT NULL CHECK (purpose IN ('try', 'leave', 'arrive')),
    sealed {bytes} NOT NULL,
    used_at {time},
    expires_at {time} NOT NULL
){strict};
CREATE INDEX sso_journeys_by_connection ON sso_journeys (connection_id);
CREATE INDEX sso_journeys_by_expiry ON sso_journeys (expires_at);

-- Codes of these logins for front ends: each is for one workspace, so that none is in `authorization_codes`.
CREATE TABLE sso_codes (
    hash {bytes} PRIMARY KEY,
    connection_id {uuid} NOT NULL REFERENCES sso_connections (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id {uuid} NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    code_challenge {text} NOT NULL,
    -- Hashes of who it is at the provider, and of the login there.
    subject {bytes} NOT NULL,
    provider_session {bytes},
    -- The session that it was exchanged for.
    session_id {uuid},
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL
){strict};
CREATE INDEX sso_codes_by_connection ON sso_codes (connection_id);
CREATE INDEX sso_codes_by_user ON sso_codes (user_id);
CREATE INDEX sso_codes_by_client ON sso_codes (client_id);
CREATE INDEX sso_codes_by_expiry ON sso_codes (expires_at);

-- What a provider says once: assertions and logout tokens, by a hash of the connection and their id.
CREATE TABLE sso_replays (
    key {bytes} PRIMARY KEY,
    expires_at {time} NOT NULL
){strict};
CREATE INDEX sso_replays_by_expiry ON sso_replays (expires_at);

-- What failed at a workspace's provider, for its administrators: one row for each code and hour.
CREATE TABLE sso_failures (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    code {text} NOT NULL,
    hour {int} NOT NULL,
    count {int} NOT NULL,
    first_at {time} NOT NULL,
    last_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, code, hour)
){strict};
CREATE INDEX sso_failures_by_expiry ON sso_failures (expires_at);

-- Which connection a session came of: it is for the connection's workspace alone, and ends with the login at the
-- provider, where the provider says so. Hashes of who it is there, and of the login there.
ALTER TABLE sessions ADD COLUMN federation_id {uuid};
ALTER TABLE sessions ADD COLUMN federation_subject {bytes};
ALTER TABLE sessions ADD COLUMN federation_session {bytes};
CREATE INDEX sessions_by_federation ON sessions (federation_id, federation_subject);
