-- A lead is one JSON document; the columns beside it mirror what lists filter and sort by.
CREATE TABLE lead (
    id TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    account TEXT,
    stage TEXT NOT NULL CHECK (stage IN ('lead', 'iql', 'mql', 'pql', 'sql', 'opportunity', 'customer', 'disqualified', 'recycled')),
    score REAL NOT NULL,
    fit REAL NOT NULL,
    engagement REAL NOT NULL,
    temperature TEXT NOT NULL,
    suppressed TEXT,
    attention INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    wake_at INTEGER,
    doc TEXT NOT NULL
) STRICT;

-- One row a lead that time alone may change, clustered by the instant: a claim reads a range and nothing else.
CREATE TABLE wake (
    due INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    PRIMARY KEY (due, lead_id)
) STRICT, WITHOUT ROWID;

-- What was heard of a lead, in order, never changed.
CREATE TABLE event (
    lead_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('human', 'machine', 'system')),
    data TEXT NOT NULL,
    PRIMARY KEY (lead_id, seq)
) STRICT, WITHOUT ROWID;

-- Keys given by those who send events, so that a fact told twice counts once.
CREATE TABLE event_key (
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    name TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
