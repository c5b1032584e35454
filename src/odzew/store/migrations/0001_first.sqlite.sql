-- The whole schema of the first release. Times are microseconds UTC; lists and free forms are JSON text; flags are 0 or 1.

CREATE TABLE changes (
    name TEXT PRIMARY KEY,
    counter INTEGER NOT NULL DEFAULT 0
);
INSERT INTO changes (name) VALUES ('directory'), ('targets'), ('due'), ('messages');

CREATE TABLE installation (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The next id of each table whose ids are reserved in batches.
CREATE TABLE sequences (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
);
INSERT INTO sequences (name, next) VALUES ('messages', 1), ('arrivals', 1), ('attachments', 1), ('deliveries', 1);

-- Who ----------------------------------------------------------------------------------------------------------------

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    company TEXT NOT NULL DEFAULT '',
    time_zone TEXT NOT NULL DEFAULT 'Europe/Warsaw',
    language TEXT NOT NULL DEFAULT 'en',
    active INTEGER NOT NULL DEFAULT 1,
    allow_from TEXT NOT NULL DEFAULT '[]',
    forward_allow TEXT NOT NULL DEFAULT '[]',
    reply_window_days REAL NOT NULL DEFAULT 7
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER REFERENCES accounts (id),           -- NULL: the operator's
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    roles TEXT NOT NULL DEFAULT '[]',
    allow_from TEXT NOT NULL DEFAULT '[]'
);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER REFERENCES accounts (id),           -- NULL: the operator's
    name TEXT NOT NULL,
    sha256 BLOB NOT NULL UNIQUE,
    allow_from TEXT NOT NULL DEFAULT '[]',
    roles TEXT NOT NULL DEFAULT '["api", "numbers"]',
    created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX tokens_name ON tokens (coalesce(account_id, 0), name);

CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    UNIQUE (account_id, name)
);

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    phone TEXT NOT NULL,
    email TEXT,
    first_name TEXT,
    last_name TEXT,
    company TEXT,
    tax_id TEXT,
    address TEXT,
    city TEXT,
    description TEXT
);
CREATE INDEX contacts_phone ON contacts (account_id, phone, id);

CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    contact_id INTEGER NOT NULL REFERENCES contacts (id),
    PRIMARY KEY (group_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX group_members_contact ON group_members (contact_id);

CREATE TABLE blacklist (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    phone TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    UNIQUE (account_id, phone)
);

-- Whose --------------------------------------------------------------------------------------------------------------

CREATE TABLE numbers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    account_id INTEGER REFERENCES accounts (id),
    mms INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE keywords (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number_id INTEGER NOT NULL REFERENCES numbers (id),
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    word TEXT NOT NULL,
    words TEXT NOT NULL,                                 -- folded, separated by single blanks
    strip_keyword INTEGER NOT NULL DEFAULT 0,
    UNIQUE (number_id, words)
);

CREATE TABLE sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    protocol TEXT NOT NULL,
    token_sha256 BLOB,
    allow_from TEXT NOT NULL DEFAULT '[]',
    trust_time INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    options TEXT NOT NULL DEFAULT '{}'
);

-- Where to -----------------------------------------------------------------------------------------------------------

CREATE TABLE targets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    level TEXT NOT NULL,                                 -- keyword, number or account
    level_id INTEGER NOT NULL,
    for_kind TEXT NOT NULL,                              -- sms, mms, or for an account also eco, nd, ndi, pre
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1,
    body TEXT NOT NULL DEFAULT 'form',
    verify TEXT,
    retry_minutes TEXT,
    retry_basis TEXT,
    secret TEXT,                                         -- an env: reference
    concurrency INTEGER,
    completions INTEGER NOT NULL DEFAULT 1,
    removed_at INTEGER,                                    -- a removed target stays for the history of its deliveries
    UNIQUE (level, level_id, for_kind, name)
);

-- What came ----------------------------------------------------------------------------------------------------------

CREATE TABLE arrivals (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL,
    ref TEXT,                                            -- the source's own id
    message_id INTEGER,                                    -- NULL: unreadable
    stored_at INTEGER NOT NULL,
    network_time INTEGER,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    raw BLOB NOT NULL,
    fault TEXT,                                          -- why it is unreadable
    extra TEXT
);
CREATE UNIQUE INDEX arrivals_ref ON arrivals (source_id, ref) WHERE ref IS NOT NULL;
CREATE INDEX arrivals_message ON arrivals (message_id);
CREATE INDEX arrivals_unreadable ON arrivals (id) WHERE message_id IS NULL;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    account_id INTEGER,                                    -- NULL: unclaimed
    kind TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    text TEXT NOT NULL,
    title TEXT,
    received_at INTEGER NOT NULL,
    number_id INTEGER,
    keyword_id INTEGER,
    keyword TEXT NOT NULL DEFAULT '',
    answers TEXT,                                        -- id of the sent message that this answers
    rule TEXT NOT NULL DEFAULT '',
    pulled_at INTEGER,                                     -- the API's read mark
    pull_id INTEGER
);
-- What the API offers: a poll costs what it returns.
CREATE INDEX messages_unread ON messages (account_id, received_at, id) WHERE pulled_at IS NULL;
CREATE INDEX messages_unread_kind ON messages (account_id, kind, received_at, id) WHERE pulled_at IS NULL;
CREATE INDEX messages_unread_sender ON messages (account_id, sender, received_at, id) WHERE pulled_at IS NULL;
-- What a sent record that comes late may claim.
CREATE INDEX messages_unclaimed ON messages (sender, received_at) WHERE account_id IS NULL;

CREATE TABLE attachments (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL
);
CREATE INDEX attachments_message ON attachments (message_id, position);

CREATE TABLE attachment_slices (
    attachment_id INTEGER NOT NULL,
    position INTEGER NOT NULL,                             -- slices of 256 KiB, from 0
    data BLOB NOT NULL,
    PRIMARY KEY (attachment_id, position)
);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    why TEXT NOT NULL,
    before TEXT NOT NULL
);
CREATE INDEX revisions_message ON revisions (message_id, id);

CREATE TABLE sent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    message_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    from_number TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    UNIQUE (account_id, message_id)
);
CREATE INDEX sent_phone ON sent (phone, sent_at);

-- What is owed -------------------------------------------------------------------------------------------------------

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    message_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',               -- pending, delivered, exhausted, cancelled
    slot INTEGER NOT NULL DEFAULT 0,                       -- attempts made
    first_at INTEGER,                                      -- start of the first attempt
    ended_at INTEGER,
    outcome TEXT NOT NULL DEFAULT '',                    -- of the last attempt, or why it was ended
    served_us INTEGER NOT NULL DEFAULT 0                   -- time owed while its target was being served
);
CREATE INDEX deliveries_message ON deliveries (message_id);
CREATE INDEX deliveries_exhausted ON deliveries (target_id, id) WHERE state = 'exhausted';

-- Narrow: only what is still owed. Due time leads, so a tick costs what is due, not what waits.
CREATE TABLE owed (
    delivery_id INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL,
    due_at INTEGER NOT NULL
);
CREATE INDEX owed_due ON owed (due_at, delivery_id);
CREATE INDEX owed_target ON owed (target_id, due_at, delivery_id);

CREATE TABLE attempts (
    delivery_id INTEGER NOT NULL,
    number INTEGER NOT NULL,                               -- from 1
    started_at INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    url TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    status INTEGER,
    body BLOB,                                        -- the first 4 KiB of the answer
    detail TEXT NOT NULL DEFAULT '',
    delayed INTEGER NOT NULL DEFAULT 0,
    timings TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;

-- How it is read -----------------------------------------------------------------------------------------------------

CREATE TABLE pulls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    process TEXT NOT NULL,
    started_at INTEGER NOT NULL
);

-- The ids that an open pull has marked, a row for each window, so that the marks can be taken back after a crash.
CREATE TABLE pull_windows (
    pull_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    message_ids TEXT NOT NULL,
    PRIMARY KEY (pull_id, position)
) WITHOUT ROWID;

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
