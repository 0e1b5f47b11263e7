-- What is in force for those in flight: an edit that was applied, and one that is being applied.
CREATE TABLE applied (
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    by TEXT NOT NULL,
    moving_to TEXT COLLATE "C",
    set_aside TEXT COLLATE "C",
    PRIMARY KEY (kind, name)
);

INSERT INTO applied (kind, name, version, at, by)
SELECT kind, name, version, since, 'the first start'
FROM current_revision;
