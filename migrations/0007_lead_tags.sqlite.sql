-- The tags of a lead, since lists filter by them; the lead's document stays the truth.
CREATE TABLE lead_tag (
    tag TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    PRIMARY KEY (tag, lead_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX lead_tag_of ON lead_tag (lead_id);

INSERT INTO lead_tag (tag, lead_id)
SELECT DISTINCT CAST(t.value AS TEXT), l.id
FROM lead AS l, json_each(l.doc, '$.attributes.tags') AS t
WHERE t.type = 'text';
