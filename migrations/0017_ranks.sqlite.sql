-- Who goes first on a lane: what waits is clustered by lane, rank and instant. What waits already has the usual rank.
ALTER TABLE touch ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
CREATE TABLE outbox_by_rank (
    lane TEXT NOT NULL,
    rank INTEGER NOT NULL DEFAULT 0,
    ready_at INTEGER NOT NULL,
    touch_id TEXT NOT NULL,
    PRIMARY KEY (lane, rank, ready_at, touch_id)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_by_rank (lane, ready_at, touch_id) SELECT lane, ready_at, touch_id FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_by_rank RENAME TO outbox;
