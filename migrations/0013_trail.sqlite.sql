-- Leads of which something was written down and not decided: opens and clicks that wait for their verdict. The document holds the
-- events up to `held`, the history goes on to `last`; whoever loads the lead folds in what lies between, and its saving ends the row.
CREATE TABLE trail (
    lead_id TEXT NOT NULL PRIMARY KEY,
    held INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
