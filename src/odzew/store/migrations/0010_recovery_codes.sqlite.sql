-- Codes that stand in for a one-time code, each good once: a row ends with its use.
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL,
    code_sha256 BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, code_sha256)
) WITHOUT ROWID;

-- Alarms of the last 90 days, and the letters that told of them.
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,                                  -- the first of those that are counted together
    account_id INTEGER,                                   -- NULL: it concerns the operator alone
    target_id INTEGER,                                    -- NULL: it is not about a target
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    words TEXT NOT NULL,                                  -- of the last of them
    times INTEGER NOT NULL,
    told_at INTEGER                                       -- when its letters fell due; NULL: not yet
);
CREATE INDEX alarms_account ON alarms (account_id, id);
CREATE INDEX alarms_at ON alarms (at);

CREATE TABLE alarm_letters (
    alarm_id INTEGER NOT NULL,
    whose TEXT NOT NULL,                                  -- 'operator' or 'account': whose addresses these are
    addresses TEXT NOT NULL,                              -- JSON
    state TEXT NOT NULL,                                  -- taken, refused, no_server
    at INTEGER NOT NULL,                                  -- of the last try
    tries INTEGER NOT NULL,
    said TEXT NOT NULL,                                   -- what the mail server had against it, or against some of the addresses
    PRIMARY KEY (alarm_id, whose)
) WITHOUT ROWID;
