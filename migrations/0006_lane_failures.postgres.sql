-- How often in a row, and since when, a lane's other side could not be reached.
ALTER TABLE lane ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN failing_since BIGINT;
