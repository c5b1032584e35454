-- The panel: lists and search of the inbox, its marks, log-in sessions, the audit log, and what became of the API's calls.

-- What came, for lists: filled after the receiving transaction, up to `inbox_mark`. What is above the mark is read from `messages`.
CREATE TABLE inbox_index (
    message_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,                           -- 0: unclaimed
    kind TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    seen_at INTEGER                                        -- the panel's own mark
);
CREATE INDEX inbox_index_kind ON inbox_index (account_id, kind, message_id);
CREATE INDEX inbox_index_unseen ON inbox_index (account_id, kind, message_id) WHERE seen_at IS NULL;

CREATE TABLE inbox_mark (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    upto INTEGER NOT NULL                                  -- every message up to this id is in the index
);
INSERT INTO inbox_mark (one, upto) VALUES (1, 0);

-- Messages that were changed since they were put into the index; read from `messages` until they are put there anew.
CREATE TABLE inbox_changed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL
);

-- Words and properties of messages; the row's id is the message's.
CREATE VIRTUAL TABLE inbox_words USING fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'ascii');

CREATE TABLE message_hours (
    account_id INTEGER NOT NULL,                           -- 0: unclaimed, -1: all together
    hour INTEGER NOT NULL,                                 -- its first microsecond, UTC
    kind TEXT NOT NULL,
    messages INTEGER NOT NULL,
    first_id INTEGER NOT NULL,                             -- none of them is outside these two
    last_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, hour, kind)
) WITHOUT ROWID;

-- Who is in the panel ------------------------------------------------------------------------------------------------

ALTER TABLE users ADD COLUMN totp_secret TEXT;             -- sealed
ALTER TABLE users ADD COLUMN totp_last INTEGER;            -- the last time step whose code was used
ALTER TABLE users ADD COLUMN language TEXT;                -- NULL: the account's
ALTER TABLE users ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN changed_at INTEGER;           -- of password or one-time codes
ALTER TABLE users ADD COLUMN last_used_at INTEGER;
ALTER TABLE tokens ADD COLUMN last_used_at INTEGER;

CREATE TABLE panel_sessions (
    token_sha256 BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL,
    login TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    account_id INTEGER,                                    -- the account that an operator is looking at
    strong INTEGER NOT NULL DEFAULT 0                      -- a one-time code was given
) WITHOUT ROWID;
CREATE INDEX panel_sessions_user ON panel_sessions (user_id, seen_at);
CREATE INDEX panel_sessions_expires ON panel_sessions (expires_at);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    account_id INTEGER,                                    -- NULL: of the installation
    who TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL                                   -- JSON: before and after, without secrets
);
CREATE INDEX audit_account ON audit (account_id, id);

-- The newest refused calls of the API, so many for each account.
CREATE TABLE api_errors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    code INTEGER NOT NULL,
    who TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX api_errors_account ON api_errors (account_id, id);
