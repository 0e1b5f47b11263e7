-- How far each cron schedule of a sequence has come, and how far the leads were gone through at the tick under way.
CREATE TABLE tick (
    sequence TEXT COLLATE "C" NOT NULL,
    cron TEXT COLLATE "C" NOT NULL,
    seen_at BIGINT NOT NULL,
    at BIGINT,
    after TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (sequence, cron)
);
