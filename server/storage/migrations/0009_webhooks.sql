-- Where other services are told what changed.
CREATE TABLE webhook_endpoints (
    id {uuid} PRIMARY KEY,
    url {text} NOT NULL,
    description {text} NOT NULL,
    -- Kinds of events, each with a comma before and behind it; empty: every one.
    events {text} NOT NULL,
    -- The workspace whose changes it is told; none: those of the whole deployment.
    workspace_id {uuid} REFERENCES workspaces (id) ON DELETE CASCADE,
    is_active {bool} NOT NULL,
    -- What messages are signed with, sealed.
    sealed_secret {bytes} NOT NULL,
    -- What they were signed with before, and are signed with as well until then.
    sealed_previous {bytes},
    previous_until {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
){strict};
CREATE INDEX webhook_endpoints_by_workspace ON webhook_endpoints (workspace_id);

-- What is to be said, written in the transaction of the change. One row for each message and endpoint.
CREATE TABLE webhook_deliveries (
    seq {serial},
    endpoint_id {uuid} NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    message_id {text} NOT NULL,
    event {text} NOT NULL,
    body {text} NOT NULL,
    created_at {time} NOT NULL,
    attempts {int} NOT NULL,
    -- Not before this moment; none: no more. Whoever tries moves it on first, so that nobody else tries meanwhile.
    due_at {time},
    delivered_at {time},
    -- Given up.
    failed_at {time},
    -- Why the last attempt came to nothing.
    reason {text},
    expires_at {time} NOT NULL,
    UNIQUE (endpoint_id, message_id)
){strict};
CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, seq);
CREATE INDEX webhook_deliveries_by_expiry ON webhook_deliveries (expires_at);
