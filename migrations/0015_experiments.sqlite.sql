-- Mails in several variants: which one a touch is, what was counted of each, and which one has won.
ALTER TABLE touch ADD COLUMN variant TEXT;

CREATE TABLE experiment (
    sequence TEXT NOT NULL,
    step TEXT NOT NULL,
    experiment TEXT NOT NULL,
    success TEXT,
    began_at INTEGER NOT NULL,
    winner TEXT,
    won_at INTEGER,
    figures TEXT,
    PRIMARY KEY (sequence, step, experiment)
) STRICT, WITHOUT ROWID;

CREATE TABLE experiment_arm (
    sequence TEXT NOT NULL,
    step TEXT NOT NULL,
    experiment TEXT NOT NULL,
    variant TEXT NOT NULL,
    mails INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    PRIMARY KEY (sequence, step, experiment, variant)
) STRICT, WITHOUT ROWID;
