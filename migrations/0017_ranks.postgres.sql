-- Who goes first on a lane: what waits is keyed by lane, rank and instant. What waits already has the usual rank.
ALTER TABLE touch ADD COLUMN rank BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN rank BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;
ALTER TABLE outbox ADD PRIMARY KEY (lane, rank, ready_at, touch_id);
