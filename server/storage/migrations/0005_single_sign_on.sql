-- One login for several front ends: what a browser has at this server's own origin after a login.
CREATE TABLE sso_sessions (
    id {uuid} PRIMARY KEY,
    -- SHA-256 of the cookie, which is 256 random bits.
    secret_hash {bytes} NOT NULL UNIQUE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL
){strict};
CREATE INDEX sso_sessions_by_user ON sso_sessions (user_id);
CREATE INDEX sso_sessions_by_expiry ON sso_sessions (expires_at);

-- A code goes with the login that it was made of: whoever ends that waits for an exchange that is under way.
ALTER TABLE authorization_codes ADD COLUMN sso_id {uuid} REFERENCES sso_sessions (id) ON DELETE CASCADE;
CREATE INDEX authorization_codes_by_sso ON authorization_codes (sso_id);

-- Which login a session came of, also when that has ended.
ALTER TABLE sessions ADD COLUMN sso_id {uuid};
CREATE INDEX sessions_by_sso ON sessions (sso_id);

-- Ids with commas between them: the workspaces that a front end may be used for; none: every one. An id stays when its
-- workspace goes, so that the list does not come to mean every one.
ALTER TABLE clients ADD COLUMN workspaces {text} NOT NULL DEFAULT '';
