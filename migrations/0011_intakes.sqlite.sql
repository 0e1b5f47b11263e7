-- How many are in each sequence that has limits, and how many came on its last date.
CREATE TABLE intake (
    sequence TEXT NOT NULL PRIMARY KEY,
    active INTEGER NOT NULL,
    day INTEGER NOT NULL,
    entered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Enrollments that wait for room under their sequence's limits.
CREATE TABLE pending (
    sequence TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (sequence, lead_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX pending_age ON pending (sequence, since, lead_id);
