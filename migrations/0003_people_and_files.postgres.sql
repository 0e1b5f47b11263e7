-- One handing over of a lead to sales, for the board.
CREATE TABLE handoff (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    lead_id TEXT COLLATE "C" NOT NULL,
    team TEXT NOT NULL,
    rep TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'claimed', 'answered', 'closed')),
    reason TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    due_at BIGINT,
    answered_at BIGINT,
    sla TEXT NOT NULL CHECK (sla IN ('met', 'breached', 'running', 'none')),
    closed_because TEXT,
    dossier TEXT
);

-- What each salesperson carries.
CREATE TABLE rep (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    assigned BIGINT NOT NULL,
    open BIGINT NOT NULL
);

-- Addresses and domains that must not be contacted.
CREATE TABLE suppression (
    target TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL CHECK (reason IN ('unsubscribed', 'hard_bounce', 'complaint', 'manual', 'erased')),
    source TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- Every version of every file that was ever in force, and which one new work takes.
CREATE TABLE revision (
    version TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    source TEXT NOT NULL,
    commit_id TEXT,
    file TEXT NOT NULL,
    stored_at BIGINT NOT NULL
);

CREATE TABLE current_revision (
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);

-- Keys to the API; only their hashes are kept.
CREATE TABLE api_token (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

-- Answers already given, so that a request told twice is done once.
CREATE TABLE idempotency (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    body_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    response TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- What a person has stopped for now: `all`, `sequence:NAME`, `sender:NAME`.
CREATE TABLE pause (
    scope TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL,
    by TEXT NOT NULL
);

-- Small facts of the installation.
CREATE TABLE meta (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- The daemons that share the database, and when each was last heard of.
CREATE TABLE daemon (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
