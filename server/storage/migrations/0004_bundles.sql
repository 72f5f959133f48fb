-- How often what the workspace's roles grant has changed: roles, their actions, and who has them. What publishes bundles
-- sees by it that there is something new.
ALTER TABLE workspaces ADD COLUMN roles_revision {int} NOT NULL DEFAULT 0;
