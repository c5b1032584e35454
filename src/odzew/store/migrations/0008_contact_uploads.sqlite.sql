-- Files of contacts between their upload and their import; each ends with the import or after an hour.

CREATE TABLE contact_uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    login TEXT NOT NULL,                                  -- whose upload it is
    name TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX contact_uploads_login ON contact_uploads (account_id, login);

CREATE TABLE contact_upload_pieces (
    upload_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (upload_id, number)
);
