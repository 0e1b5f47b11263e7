-- The tags of a lead, since lists filter by them; the lead's document stays the truth.
CREATE TABLE lead_tag (
    tag TEXT COLLATE "C" NOT NULL,
    lead_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tag, lead_id)
);

CREATE INDEX lead_tag_of ON lead_tag (lead_id);

INSERT INTO lead_tag (tag, lead_id)
SELECT DISTINCT t.value #>> '{}', l.id
FROM lead AS l
CROSS JOIN LATERAL jsonb_array_elements(
    CASE jsonb_typeof(l.doc::jsonb #> '{attributes,tags}') WHEN 'array' THEN l.doc::jsonb #> '{attributes,tags}' ELSE '[]'::jsonb END
) AS t (value)
WHERE jsonb_typeof(t.value) = 'string';
