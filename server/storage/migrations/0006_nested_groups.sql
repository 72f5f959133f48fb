-- Groups in groups: who is in the one is in the other, too. Both are of one workspace. Circles are no harm: whoever is in
-- one of its groups is in all of them.
CREATE TABLE group_groups (
    workspace_id {uuid} NOT NULL,
    group_id {uuid} NOT NULL,
    -- The group that is in it.
    member_group_id {uuid} NOT NULL,
    added_at {time} NOT NULL,
    PRIMARY KEY (workspace_id, group_id, member_group_id),
    CHECK (group_id <> member_group_id),
    FOREIGN KEY (workspace_id, group_id) REFERENCES groups (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, member_group_id) REFERENCES groups (workspace_id, id) ON DELETE CASCADE
){strict};
CREATE INDEX group_groups_by_member ON group_groups (workspace_id, member_group_id, group_id);

-- The log of one type: without it, who asks for a type that is rare walks through everybody else's changes.
CREATE INDEX tuple_changes_by_type ON tuple_changes (store_number, object_type, revision, position);

-- What a store's models take together, in octets of their texts.
ALTER TABLE stores ADD COLUMN model_bytes {int} NOT NULL DEFAULT 0;
UPDATE stores SET model_bytes =
    COALESCE((SELECT SUM(OCTET_LENGTH(m.model)) FROM authorization_models m WHERE m.store_number = stores.number), 0);
