-- Lists of leads: by stage, the highest score first, what wants a person, a company's people.
CREATE INDEX lead_stage ON lead (stage, id);
CREATE INDEX lead_score ON lead (score, id);
CREATE INDEX lead_attention ON lead (id) WHERE attention > 0;
CREATE INDEX lead_account ON lead (account, id) WHERE account IS NOT NULL;

-- Counts over a time, and the range retention drops.
CREATE INDEX event_recorded ON event (recorded_at);
CREATE INDEX event_key_seen ON event_key (seen_at);

-- A lead is once in a sequence at a time.
CREATE UNIQUE INDEX enrollment_running ON enrollment (lead_id, sequence) WHERE state IN ('active', 'paused', 'held');
CREATE INDEX enrollment_lead ON enrollment (lead_id, entered_at);
CREATE INDEX enrollment_sequence ON enrollment (sequence, id);
CREATE INDEX enrollment_place ON enrollment (sequence, state, step);

-- What is under way, to renew and to take over; what a person looks for.
CREATE INDEX touch_under_way ON touch (token) WHERE token IS NOT NULL;
CREATE INDEX touch_created ON touch (created_at, id);
CREATE INDEX touch_lead ON touch (lead_id, created_at, id);
CREATE INDEX touch_state ON touch (state, created_at, id) WHERE state IN ('held', 'unknown', 'deferred', 'refused', 'expired');
CREATE INDEX touch_message ON touch (message_id) WHERE message_id IS NOT NULL;

CREATE INDEX handoff_clock ON handoff (state, due_at);
CREATE INDEX handoff_opened ON handoff (opened_at, id);
CREATE INDEX handoff_lead ON handoff (lead_id, opened_at);
CREATE INDEX idempotency_age ON idempotency (at);
