-- The carriers: SMPP sessions, long messages in parts, suspected copies after a lost session, texts that could not be decoded.

INSERT INTO changes (name) VALUES ('suspects');                -- its counter: until when (microseconds UTC) any suspect may match
INSERT INTO sequences (name, next) VALUES ('part_sets', 1);

ALTER TABLE arrivals ADD COLUMN role TEXT NOT NULL DEFAULT 'message';
ALTER TABLE arrivals ADD COLUMN session_id INTEGER;
UPDATE arrivals SET role = 'unreadable' WHERE message_id IS NULL;
DROP INDEX arrivals_unreadable;
-- What is no message, or not yet one: small, and listed by the operator.
CREATE INDEX arrivals_aside ON arrivals (role, id) WHERE role NOT IN ('message', 'part');

ALTER TABLE messages ADD COLUMN form TEXT NOT NULL DEFAULT 'text';    -- text, binary (hex digits), undecoded
ALTER TABLE messages ADD COLUMN incomplete INTEGER NOT NULL DEFAULT 0; -- a part is missing, the text shows where
CREATE INDEX messages_flagged ON messages (id) WHERE incomplete = 1 OR form = 'undecoded';

ALTER TABLE deliveries ADD COLUMN completion INTEGER NOT NULL DEFAULT 0;

-- Long messages ------------------------------------------------------------------------------------------------------

CREATE TABLE part_sets (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,                                     -- source, sender, recipient, reference and total
    source_id INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    total INTEGER NOT NULL,
    state TEXT NOT NULL,                                   -- open, incomplete, whole, past, echo
    message_id INTEGER,
    moved_at INTEGER NOT NULL,                             -- when its newest part came
    due_at INTEGER NOT NULL                                -- when it is overdue
);
-- A sender that never changes its reference has thousands of sets: those that no further part can concern are not in it.
CREATE INDEX part_sets_key ON part_sets (key, id) WHERE state NOT IN ('past', 'echo');
CREATE INDEX part_sets_open ON part_sets (due_at) WHERE state = 'open';

CREATE TABLE set_parts (
    set_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    arrival_id INTEGER NOT NULL,
    role TEXT NOT NULL,                                    -- part, echo, repeat, copy
    digest TEXT NOT NULL,                                  -- of what two equal parts have in common
    PRIMARY KEY (set_id, number, arrival_id)
) WITHOUT ROWID;
CREATE INDEX set_parts_arrival ON set_parts (arrival_id);

-- Sessions -----------------------------------------------------------------------------------------------------------

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL,
    slot INTEGER NOT NULL,                                 -- which of its parallel binds
    process TEXT NOT NULL,
    host TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    settled INTEGER NOT NULL,                              -- its arrivals up to this one were answered long enough ago
    last_message_at INTEGER,
    last_link_at INTEGER,
    messages INTEGER NOT NULL DEFAULT 0,
    receipts INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    malformed INTEGER NOT NULL DEFAULT 0,
    fault TEXT NOT NULL DEFAULT '',
    ended_at INTEGER,
    why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_slot ON sessions (source_id, slot, id);

-- Why a bind that is wanted is not there: its tries since it was last bound.
CREATE TABLE unbound (
    source_id INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    at INTEGER NOT NULL,
    host TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (source_id, slot)
);

CREATE TABLE suspects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL,
    digest TEXT NOT NULL,
    arrival_id INTEGER NOT NULL,
    until INTEGER NOT NULL,
    unopened INTEGER NOT NULL DEFAULT 1                      -- no session of its source was opened since
);
CREATE INDEX suspects_digest ON suspects (digest, id);

-- What sources over HTTP brought to each process.
CREATE TABLE tallies (
    source_id INTEGER NOT NULL,
    process TEXT NOT NULL,
    since INTEGER NOT NULL,
    last_message_at INTEGER,
    messages INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    fault TEXT NOT NULL,
    PRIMARY KEY (source_id, process)
);
