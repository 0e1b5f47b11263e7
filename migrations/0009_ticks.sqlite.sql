-- How far each cron schedule of a sequence has come, and how far the leads were gone through at the tick under way.
CREATE TABLE tick (
    sequence TEXT NOT NULL,
    cron TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    at INTEGER,
    after TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (sequence, cron)
) STRICT, WITHOUT ROWID;
