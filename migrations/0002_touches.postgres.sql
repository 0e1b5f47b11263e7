-- One lead going once through one sequence.
CREATE TABLE enrollment (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    lead_id TEXT COLLATE "C" NOT NULL,
    sequence TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'held', 'finished', 'exited', 'failed')),
    exit TEXT,
    detail TEXT,
    step TEXT COLLATE "C",
    entered_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- One outgoing act, from the decision that asked for it to its outcome.
CREATE TABLE touch (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    lead_id TEXT COLLATE "C" NOT NULL,
    origin TEXT COLLATE "C" NOT NULL,
    enrollment_id TEXT COLLATE "C",
    step TEXT COLLATE "C" NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'webhook')),
    lane TEXT COLLATE "C" NOT NULL,
    policy TEXT NOT NULL CHECK (policy IN ('at_most_once', 'at_least_once')),
    sequence TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    template TEXT NOT NULL,
    payload TEXT,
    first_allowed_at BIGINT NOT NULL,
    zone TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'queued', 'claimed', 'intent', 'marked', 'accepted', 'refused', 'deferred',
        'unknown', 'expired', 'cancelled')),
    reason TEXT,
    token TEXT COLLATE "C",
    lease_until BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    ready_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    message_id TEXT COLLATE "C",
    date_at BIGINT,
    template_version TEXT,
    body_hash TEXT,
    body BYTEA,
    links TEXT,
    intent_at BIGINT,
    marked_at BIGINT,
    done_at BIGINT,
    reply TEXT,
    reserved_day BIGINT,
    UNIQUE (origin, step)
);

-- Work that waits, keyed by lane and instant; nothing that is under way or over.
CREATE TABLE outbox (
    lane TEXT COLLATE "C" NOT NULL,
    ready_at BIGINT NOT NULL,
    touch_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (lane, ready_at, touch_id)
);

-- What many touches share: the pace and the daily count of a sender, and whether it may go at all.
CREATE TABLE lane (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    ready_at BIGINT NOT NULL DEFAULT 0,
    day BIGINT NOT NULL DEFAULT 0,
    used BIGINT NOT NULL DEFAULT 0,
    paused BIGINT NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    blocked_reason TEXT
);
