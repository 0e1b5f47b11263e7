-- Leads that were found to be the same person as another and were taken in: by their old ids and addresses the other is found.
CREATE TABLE merged (
    id TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    lead_id TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX merged_into ON merged (lead_id);

-- The address a mail went to whose lead has another by now.
ALTER TABLE touch ADD COLUMN went_to TEXT;
