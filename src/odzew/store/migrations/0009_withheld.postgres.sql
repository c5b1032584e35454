-- The option "drop blacklisted" of numbers and keywords, and the messages that it kept from the API and the targets.

ALTER TABLE numbers ADD COLUMN drop_blacklisted SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE keywords ADD COLUMN drop_blacklisted SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN withheld TEXT;             -- why: 'blacklist'; it then has the API's read mark, of no pull

DROP INDEX messages_premium;
CREATE INDEX messages_premium ON messages (account_id, id) WHERE kind = 'pre' AND withheld IS NULL;
