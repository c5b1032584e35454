-- Never silent: targets that fail for long, who is told of it, and deliveries that are sent again.

-- A row for each target that failed lately or is paused; one without a row is well.
CREATE TABLE target_states (
    target_id BIGINT PRIMARY KEY,
    failing_since BIGINT,                                 -- the first failed attempt since the last success; NULL: well
    failures INTEGER NOT NULL DEFAULT 0,                   -- failed attempts since then
    failed_days INTEGER NOT NULL DEFAULT 0,                -- on how many days (UTC) there were any
    last_success_at BIGINT,
    last_failure_at BIGINT,
    last_outcome TEXT NOT NULL DEFAULT '',
    paused_at BIGINT,                                     -- NULL: it is called
    paused_why TEXT NOT NULL DEFAULT ''
);

ALTER TABLE accounts ADD COLUMN alarm_to TEXT NOT NULL DEFAULT '[]';

-- Attempts of earlier rounds: a delivery that is sent again begins its schedule anew, and its attempts are numbered on.
ALTER TABLE deliveries ADD COLUMN earlier INTEGER NOT NULL DEFAULT 0;

-- What did not arrive is looked for by when it ended. It is little beside all deliveries, so that what arrives costs nothing here.
DROP INDEX deliveries_exhausted;
CREATE INDEX deliveries_ended ON deliveries (state, ended_at, id) WHERE state IN ('exhausted', 'cancelled');
CREATE INDEX deliveries_ended_account ON deliveries (account_id, state, ended_at, id) WHERE state IN ('exhausted', 'cancelled');
CREATE INDEX deliveries_ended_target ON deliveries (target_id, state, ended_at, id) WHERE state IN ('exhausted', 'cancelled');
