-- How many calls may begin in a second: to one target, and for one account. NULL: no limit.

ALTER TABLE targets ADD COLUMN per_second DOUBLE PRECISION;
ALTER TABLE accounts ADD COLUMN per_second DOUBLE PRECISION;
