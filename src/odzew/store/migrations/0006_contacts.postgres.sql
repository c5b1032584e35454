-- The address books: 100,000 contacts are searched, sorted and paged quickly, and received premium messages are listed.

-- What a search looks through: the folded words of everything in the row. Those there are folded as far as SQL can do it for Polish.
ALTER TABLE contacts ADD COLUMN folded TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN folded TEXT NOT NULL DEFAULT '';
UPDATE contacts SET folded = translate(
    lower(concat_ws(' ', phone, email, first_name, last_name, company, tax_id, address, city, description)),
    'ąćęłńóśźżĄĆĘŁŃÓŚŹŻ', 'acelnoszzacelnoszz');
UPDATE groups SET folded = translate(lower(name), 'ąćęłńóśźżĄĆĘŁŃÓŚŹŻ', 'acelnoszzacelnoszz');

CREATE INDEX contacts_searched ON contacts (account_id, id);
-- Sorting goes by the first 100 characters, octet by octet as on SQLite.
CREATE INDEX contacts_phone_sorted ON contacts (account_id, phone COLLATE "C", id);
CREATE INDEX contacts_first_name ON contacts (account_id, (substr(coalesce(first_name, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX contacts_last_name ON contacts (account_id, (substr(coalesce(last_name, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX contacts_company ON contacts (account_id, (substr(coalesce(company, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX contacts_email ON contacts (account_id, (substr(coalesce(email, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX contacts_city ON contacts (account_id, (substr(coalesce(city, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX contacts_address ON contacts (account_id, (substr(coalesce(address, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX contacts_tax_id ON contacts (account_id, (substr(coalesce(tax_id, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX contacts_description ON contacts (account_id, (substr(coalesce(description, ''), 1, 100)) COLLATE "C", id);
CREATE INDEX blacklist_listed ON blacklist (account_id, id);
-- Few of all messages, so that what arrives costs nothing here.
CREATE INDEX messages_premium ON messages (account_id, id) WHERE kind = 'pre';
