-- Whose name it was, where its account was renamed: it may have it back, and nobody else ever has it.
ALTER TABLE usernames ADD COLUMN formerly_of {uuid} REFERENCES users (id) ON DELETE SET NULL;

CREATE INDEX usernames_formerly_of ON usernames (formerly_of);
