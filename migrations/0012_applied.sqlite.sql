-- What is in force for those in flight: an edit that was applied, and one that is being applied.
CREATE TABLE applied (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    moving_to TEXT,
    set_aside TEXT,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

INSERT INTO applied (kind, name, version, at, by)
SELECT kind, name, version, since, 'the first start'
FROM current_revision;
