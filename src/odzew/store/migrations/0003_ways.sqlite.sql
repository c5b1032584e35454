-- More ways to a target beside GET and POST of its URL, filters, a change of the signing secret, TLS of a target's own.

ALTER TABLE targets ADD COLUMN way TEXT NOT NULL DEFAULT 'url';            -- url, json, email
ALTER TABLE targets ADD COLUMN mail_to TEXT NOT NULL DEFAULT '[]';         -- JSON lists, from here
ALTER TABLE targets ADD COLUMN only_keywords TEXT NOT NULL DEFAULT '[]';
ALTER TABLE targets ADD COLUMN only_senders TEXT NOT NULL DEFAULT '[]';
ALTER TABLE targets ADD COLUMN only_text TEXT NOT NULL DEFAULT '[]';       -- to here
ALTER TABLE targets ADD COLUMN secret_before TEXT;                         -- an env: reference
ALTER TABLE targets ADD COLUMN secret_before_until INTEGER;               -- it signs no more from then on, microseconds UTC
ALTER TABLE targets ADD COLUMN client_cert TEXT;                           -- files where the service runs
ALTER TABLE targets ADD COLUMN client_key TEXT;
ALTER TABLE targets ADD COLUMN ca TEXT;
