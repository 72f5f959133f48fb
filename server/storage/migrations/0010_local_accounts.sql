-- Accounts that a workspace has made for people who log in with a username and a PIN.
CREATE TABLE local_accounts (
    user_id {uuid} PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- The workspace that made it and manages it, and the only one that its PIN opens.
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Its PIN stood in a file: until it is changed it is good on this machine alone.
    has_default_pin {bool} NOT NULL,
    -- How far services trust what this person asks them to do.
    trust_level {int} NOT NULL CHECK (trust_level BETWEEN 0 AND 10),
    -- JSON array of the names of channels through which services talk with this person.
    channels {text} NOT NULL,
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL
){strict};
CREATE INDEX local_accounts_by_workspace ON local_accounts (workspace_id, user_id);

-- What opens one WebSocket, once, by its hash. It lives for seconds and says nothing by itself: whoever redeems it asks what
-- it names, so nothing here refers to another table.
CREATE TABLE socket_tickets (
    hash {bytes} PRIMARY KEY,
    -- Who may redeem it.
    service_id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    workspace_id {uuid} NOT NULL,
    session_id {uuid},
    -- The token that it was asked for with: `authz` or `access`, its id, and its moments in seconds since 1970.
    token_use {text} NOT NULL,
    jti {text} NOT NULL,
    issued_at {int} NOT NULL,
    ends_at {int} NOT NULL,
    expires_at {time} NOT NULL
){strict};
CREATE INDEX socket_tickets_by_expiry ON socket_tickets (expires_at);
