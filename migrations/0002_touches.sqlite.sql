-- One lead going once through one sequence.
CREATE TABLE enrollment (
    id TEXT NOT NULL PRIMARY KEY,
    lead_id TEXT NOT NULL,
    sequence TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'held', 'finished', 'exited', 'failed')),
    exit TEXT,
    detail TEXT,
    step TEXT,
    entered_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

-- One outgoing act, from the decision that asked for it to its outcome.
CREATE TABLE touch (
    id TEXT NOT NULL PRIMARY KEY,
    lead_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    enrollment_id TEXT,
    step TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'webhook')),
    lane TEXT NOT NULL,
    policy TEXT NOT NULL CHECK (policy IN ('at_most_once', 'at_least_once')),
    sequence TEXT NOT NULL,
    version TEXT NOT NULL,
    template TEXT NOT NULL,
    payload TEXT,
    first_allowed_at INTEGER NOT NULL,
    zone TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'queued', 'claimed', 'intent', 'marked', 'accepted', 'refused', 'deferred',
        'unknown', 'expired', 'cancelled')),
    reason TEXT,
    token TEXT,
    lease_until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    ready_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    message_id TEXT,
    date_at INTEGER,
    template_version TEXT,
    body_hash TEXT,
    body BLOB,
    links TEXT,
    intent_at INTEGER,
    marked_at INTEGER,
    done_at INTEGER,
    reply TEXT,
    reserved_day INTEGER,
    UNIQUE (origin, step)
) STRICT;

-- Work that waits, clustered by lane and instant; nothing that is under way or over.
CREATE TABLE outbox (
    lane TEXT NOT NULL,
    ready_at INTEGER NOT NULL,
    touch_id TEXT NOT NULL,
    PRIMARY KEY (lane, ready_at, touch_id)
) STRICT, WITHOUT ROWID;

-- What many touches share: the pace and the daily count of a sender, and whether it may go at all.
CREATE TABLE lane (
    name TEXT NOT NULL PRIMARY KEY,
    ready_at INTEGER NOT NULL DEFAULT 0,
    day INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0,
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    blocked_reason TEXT
) STRICT, WITHOUT ROWID;
