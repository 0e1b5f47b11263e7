-- Leads that were found to be the same person as another and were taken in: by their old ids and addresses the other is found.
CREATE TABLE merged (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    address TEXT COLLATE "C" NOT NULL UNIQUE,
    lead_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX merged_into ON merged (lead_id);

-- The address a mail went to whose lead has another by now.
ALTER TABLE touch ADD COLUMN went_to TEXT COLLATE "C";
