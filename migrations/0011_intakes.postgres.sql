-- How many are in each sequence that has limits, and how many came on its last date.
CREATE TABLE intake (
    sequence TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    active BIGINT NOT NULL,
    day BIGINT NOT NULL,
    entered BIGINT NOT NULL
);

-- Enrollments that wait for room under their sequence's limits.
CREATE TABLE pending (
    sequence TEXT COLLATE "C" NOT NULL,
    lead_id TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (sequence, lead_id)
);

CREATE INDEX pending_age ON pending (sequence, since, lead_id);
