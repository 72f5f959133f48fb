-- Authorization models and relationship tuples. Ids of stores and models are ULIDs as text: they sort by age.

CREATE TABLE stores (
    -- What tuples and changes name their store by: eight octets where the ULID has 26.
    number {serial},
    id {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    -- The workspace whose own store it is.
    workspace_id {uuid} UNIQUE REFERENCES workspaces (id) ON DELETE CASCADE,
    -- How many writes there were. One write at a time holds this row, so the log has neither gaps nor another order.
    revision {int} NOT NULL,
    tuple_count {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    -- From here on there is no such store; what was in it goes a part at a time.
    deleted_at {time}
){strict};
CREATE INDEX stores_by_deletion ON stores (deleted_at) WHERE deleted_at IS NOT NULL;

-- A model never changes: what is written after it is another one.
CREATE TABLE authorization_models (
    store_number {int} NOT NULL REFERENCES stores (number) ON DELETE CASCADE,
    id {text} NOT NULL,
    -- OpenFGA's JSON form.
    model {text} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (store_number, id)
){strict};

CREATE TABLE tuples (
    store_number {int} NOT NULL REFERENCES stores (number) ON DELETE CASCADE,
    object_type {text} NOT NULL,
    object_id {text} NOT NULL,
    relation {text} NOT NULL,
    -- The user: `user:anne`, `group:staff#member` or `user:*`.
    subject {text} NOT NULL,
    -- Whether that is more than one user: a userset or a wildcard.
    is_set {bool} NOT NULL,
    condition {text},
    -- JSON object: what the condition is evaluated with.
    context {text},
    -- The write that it came with.
    revision {int} NOT NULL,
    inserted_at {time} NOT NULL,
    expires_at {time},
    PRIMARY KEY (store_number, object_type, object_id, relation, subject)
){strict};
CREATE INDEX tuples_by_subject ON tuples (store_number, subject, object_type, relation, object_id);
CREATE INDEX tuples_of_sets ON tuples (store_number, object_type, object_id, relation, subject) WHERE is_set;
CREATE INDEX tuples_by_expiry ON tuples (expires_at) WHERE expires_at IS NOT NULL;

-- What was written and deleted, in order: what indexes in memory follow.
CREATE TABLE tuple_changes (
    store_number {int} NOT NULL REFERENCES stores (number) ON DELETE CASCADE,
    revision {int} NOT NULL,
    position {int} NOT NULL,
    is_delete {bool} NOT NULL,
    object_type {text} NOT NULL,
    object_id {text} NOT NULL,
    relation {text} NOT NULL,
    subject {text} NOT NULL,
    condition {text},
    context {text},
    expires_at {time},
    at {time} NOT NULL,
    PRIMARY KEY (store_number, revision, position)
){strict};

-- What a model is expected to decide, for those who change it.
CREATE TABLE assertions (
    store_number {int} NOT NULL,
    model_id {text} NOT NULL,
    -- JSON array in OpenFGA's form.
    assertions {text} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (store_number, model_id),
    FOREIGN KEY (store_number, model_id) REFERENCES authorization_models (store_number, id) ON DELETE CASCADE
){strict};

-- Which stores a service's keys open. No row: none. A row that names neither a store nor a workspace: all of them.
CREATE TABLE store_access (
    service_id {uuid} PRIMARY KEY REFERENCES services (id) ON DELETE CASCADE,
    -- Goes with what it names: it must not come to mean all of them.
    store_number {int} REFERENCES stores (number) ON DELETE CASCADE,
    workspace_id {uuid} REFERENCES workspaces (id) ON DELETE CASCADE,
    CHECK (store_number IS NULL OR workspace_id IS NULL)
){strict};
CREATE INDEX store_access_by_store ON store_access (store_number);
CREATE INDEX store_access_by_workspace ON store_access (workspace_id);
