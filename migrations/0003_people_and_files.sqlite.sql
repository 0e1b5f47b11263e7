-- One handing over of a lead to sales, for the board.
CREATE TABLE handoff (
    id TEXT NOT NULL PRIMARY KEY,
    lead_id TEXT NOT NULL,
    team TEXT NOT NULL,
    rep TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'claimed', 'answered', 'closed')),
    reason TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    due_at INTEGER,
    answered_at INTEGER,
    sla TEXT NOT NULL CHECK (sla IN ('met', 'breached', 'running', 'none')),
    closed_because TEXT,
    dossier TEXT
) STRICT;

-- What each salesperson carries.
CREATE TABLE rep (
    name TEXT NOT NULL PRIMARY KEY,
    assigned INTEGER NOT NULL,
    open INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Addresses and domains that must not be contacted.
CREATE TABLE suppression (
    target TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL CHECK (reason IN ('unsubscribed', 'hard_bounce', 'complaint', 'manual', 'erased')),
    source TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every version of every file that was ever in force, and which one new work takes.
CREATE TABLE revision (
    version TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    commit_id TEXT,
    file TEXT NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT;

CREATE TABLE current_revision (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Keys to the API; only their hashes are kept.
CREATE TABLE api_token (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Answers already given, so that a request told twice is done once.
CREATE TABLE idempotency (
    key TEXT NOT NULL PRIMARY KEY,
    body_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    response TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- What a person has stopped for now: `all`, `sequence:NAME`, `sender:NAME`.
CREATE TABLE pause (
    scope TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Small facts of the installation.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The daemons that share the database, and when each was last heard of.
CREATE TABLE daemon (
    id TEXT NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
