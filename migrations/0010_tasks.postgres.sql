-- What people are to do for leads: the inbox. One without a due time is due at the end of all time.
CREATE TABLE task (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    lead_id TEXT COLLATE "C" NOT NULL,
    enrollment_id TEXT COLLATE "C" NOT NULL,
    sequence TEXT COLLATE "C" NOT NULL,
    version TEXT NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('call', 'linkedin', 'email', 'research', 'other')),
    owner TEXT COLLATE "C",
    state TEXT NOT NULL CHECK (state IN ('open', 'paused', 'done', 'skipped', 'overdue', 'called_off')),
    asked_at BIGINT NOT NULL,
    shown_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    late BIGINT NOT NULL,
    outcome TEXT,
    ended_by TEXT,
    ended_at BIGINT
);

CREATE INDEX task_inbox ON task (due_at, id) WHERE state = 'open';
CREATE INDEX task_owner ON task (owner, due_at, id) WHERE state = 'open';
CREATE INDEX task_state ON task (state, asked_at, id);
CREATE INDEX task_lead ON task (lead_id);
