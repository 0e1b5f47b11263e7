-- The last two people of each account who replied. Where that pauses or ends what their colleagues are in, the people of the account are
-- gone through once: those up to `after` have been, and there is nothing left to do where it is null.
CREATE TABLE account_reply (
    account TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    lead_id TEXT COLLATE "C",
    at BIGINT,
    heard_at BIGINT,
    before_id TEXT COLLATE "C",
    before_at BIGINT,
    before_heard_at BIGINT,
    after TEXT COLLATE "C"
);

CREATE INDEX account_reply_untold ON account_reply (account) WHERE after IS NOT NULL;
