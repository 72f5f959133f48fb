-- Every workspace has a store from its first moment; those that were made before get theirs with this version (see
-- ../src/derived.rs), and its built-in tuples with it.

-- What a member owns: asked when a membership begins and ends.
CREATE INDEX resources_of_owner ON resources (owner_id, workspace_id);
