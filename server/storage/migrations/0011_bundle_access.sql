-- Which services' bundles, of which workspaces, a service's keys open, and nothing else. A row that names no workspace: of
-- every one.
CREATE TABLE bundle_access (
    service_id {uuid} NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    -- Whose bundle: its own, or that of the service that it stands before.
    of_service_id {uuid} NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    -- Goes with what it names: it must not come to mean every one.
    workspace_id {uuid} REFERENCES workspaces (id) ON DELETE CASCADE,
    UNIQUE (service_id, of_service_id, workspace_id)
){strict};
CREATE INDEX bundle_access_by_bundle ON bundle_access (of_service_id);
CREATE INDEX bundle_access_by_workspace ON bundle_access (workspace_id);
