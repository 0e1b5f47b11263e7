-- Mails in several variants: which one a touch is, what was counted of each, and which one has won.
ALTER TABLE touch ADD COLUMN variant TEXT;

CREATE TABLE experiment (
    sequence TEXT COLLATE "C" NOT NULL,
    step TEXT COLLATE "C" NOT NULL,
    experiment TEXT COLLATE "C" NOT NULL,
    success TEXT,
    began_at BIGINT NOT NULL,
    winner TEXT,
    won_at BIGINT,
    figures TEXT,
    PRIMARY KEY (sequence, step, experiment)
);

CREATE TABLE experiment_arm (
    sequence TEXT COLLATE "C" NOT NULL,
    step TEXT COLLATE "C" NOT NULL,
    experiment TEXT COLLATE "C" NOT NULL,
    variant TEXT COLLATE "C" NOT NULL,
    mails BIGINT NOT NULL,
    hits BIGINT NOT NULL,
    PRIMARY KEY (sequence, step, experiment, variant)
);
