-- The last two people of each account who replied. Where that pauses or ends what their colleagues are in, the people of the account are
-- gone through once: those up to `after` have been, and there is nothing left to do where it is null.
CREATE TABLE account_reply (
    account TEXT NOT NULL PRIMARY KEY,
    lead_id TEXT,
    at INTEGER,
    heard_at INTEGER,
    before_id TEXT,
    before_at INTEGER,
    before_heard_at INTEGER,
    after TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX account_reply_untold ON account_reply (account) WHERE after IS NOT NULL;
