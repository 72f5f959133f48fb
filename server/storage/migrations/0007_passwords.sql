-- What people log in with here, without a provider. One for each account: a password, or a PIN.
CREATE TABLE passwords (
    user_id {uuid} PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    kind {text} NOT NULL CHECK (kind IN ('password', 'pin')),
    -- A PHC string of Argon2id.
    hash {text} NOT NULL,
    -- It opens nothing but the way to its successor.
    must_change {bool} NOT NULL,
    changed_at {time} NOT NULL
){strict};

-- What an account had before, the last few: none of them comes back.
CREATE TABLE password_history (
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Greater is later.
    number {int} NOT NULL,
    hash {text} NOT NULL,
    PRIMARY KEY (user_id, number)
){strict};

-- Logins that failed lately, counted before each is judged. The keys are HMACs: what someone typed as a name may have been
-- a password.
CREATE TABLE login_failures (
    key {bytes} PRIMARY KEY,
    -- The account that it belongs to, where it belongs to one; an HMAC as well.
    account {bytes},
    failures {int} NOT NULL,
    -- Nothing is judged before this moment.
    locked_until {time} NOT NULL,
    -- From here on the count begins anew.
    expires_at {time} NOT NULL
){strict};
CREATE INDEX login_failures_by_account ON login_failures (account);
CREATE INDEX login_failures_by_expiry ON login_failures (expires_at);

-- Networks from which an account's owner has logged in: failures of others elsewhere do not lock them out of these.
CREATE TABLE known_networks (
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- An HMAC.
    network {bytes} NOT NULL,
    expires_at {time} NOT NULL,
    PRIMARY KEY (user_id, network)
){strict};
CREATE INDEX known_networks_by_expiry ON known_networks (expires_at);

-- Which system's tokens a session has: their claims, and whether a refresh token may come twice.
ALTER TABLE sessions ADD COLUMN dialect {text} NOT NULL DEFAULT 'sentinel'
    CHECK (dialect IN ('sentinel', 'tenant', 'converged', 'local'));
