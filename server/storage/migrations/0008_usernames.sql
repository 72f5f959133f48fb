-- What people are called where a person has one short name for many logins. A name is given once: it stays taken when
-- whoever had it is gone, so that nobody is ever taken for somebody else.
CREATE TABLE usernames (
    -- ASCII letters in lower case, digits, `_` and `-`.
    username {text} PRIMARY KEY,
    user_id {uuid} UNIQUE REFERENCES users (id) ON DELETE SET NULL,
    created_at {time} NOT NULL
){strict};

-- The parts of a name, where somebody who knows them apart has told them.
ALTER TABLE users ADD COLUMN given_name {text};
ALTER TABLE users ADD COLUMN family_name {text};

-- Which claims the access tokens of a front end's sessions have: a word of sessions.dialect.
ALTER TABLE clients ADD COLUMN dialect {text} NOT NULL DEFAULT 'sentinel';
