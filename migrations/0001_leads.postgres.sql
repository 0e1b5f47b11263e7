-- A lead is one JSON document; the columns beside it mirror what lists filter and sort by.
CREATE TABLE lead (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    address TEXT COLLATE "C" NOT NULL UNIQUE,
    account TEXT COLLATE "C",
    stage TEXT NOT NULL CHECK (stage IN ('lead', 'iql', 'mql', 'pql', 'sql', 'opportunity', 'customer', 'disqualified', 'recycled')),
    score DOUBLE PRECISION NOT NULL,
    fit DOUBLE PRECISION NOT NULL,
    engagement DOUBLE PRECISION NOT NULL,
    temperature TEXT NOT NULL,
    suppressed TEXT,
    attention BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    wake_at BIGINT,
    doc TEXT NOT NULL
);

-- One row a lead that time alone may change, keyed by the instant: a claim reads a range and nothing else.
CREATE TABLE wake (
    due BIGINT NOT NULL,
    lead_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (due, lead_id)
);

-- What was heard of a lead, in order, never changed. Partitions by time hold what retention may drop; the default one takes all
-- that has no partition of its own.
CREATE TABLE event (
    lead_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    name TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    source TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('human', 'machine', 'system')),
    data TEXT NOT NULL,
    PRIMARY KEY (lead_id, seq, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE event_default PARTITION OF event DEFAULT;

-- Keys given by those who send events, so that a fact told twice counts once.
CREATE TABLE event_key (
    source TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    lead_id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (source, key)
);
