-- What people are to do for leads: the inbox. One without a due time is due at the end of all time.
CREATE TABLE task (
    id TEXT NOT NULL PRIMARY KEY,
    lead_id TEXT NOT NULL,
    enrollment_id TEXT NOT NULL,
    sequence TEXT NOT NULL,
    version TEXT NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('call', 'linkedin', 'email', 'research', 'other')),
    owner TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'paused', 'done', 'skipped', 'overdue', 'called_off')),
    asked_at INTEGER NOT NULL,
    shown_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    late INTEGER NOT NULL,
    outcome TEXT,
    ended_by TEXT,
    ended_at INTEGER
) STRICT;

CREATE INDEX task_inbox ON task (due_at, id) WHERE state = 'open';
CREATE INDEX task_owner ON task (owner, due_at, id) WHERE state = 'open';
CREATE INDEX task_state ON task (state, asked_at, id);
CREATE INDEX task_lead ON task (lead_id);
