//! How leads are found by whatever they are asked for by: one text, for their own names and for those from before they were taken in.

// PostgreSQL looks again at a row that somebody else changed while it waited for it. It looks up `named` again then, and finds the first of
// several places of one lead for each of them, unless `named` is kept as it was.
macro_rules! leads_by {
    ($id:literal, $address:literal, $lock:literal) => {
        concat!(
            "WITH asked AS (SELECT place, kind, key FROM {input} AS i),
             named AS MATERIALIZED (
                 ",
            $id,
            "
                 UNION ALL
                 ",
            $address,
            "
                 UNION ALL
                 SELECT a.place, t.lead_id FROM asked AS a JOIN touch AS t ON t.id = a.key WHERE a.kind = 'touch'
                 UNION ALL
                 SELECT a.place, h.lead_id FROM asked AS a JOIN handoff AS h ON h.id = a.key WHERE a.kind = 'handoff'
             )
             SELECT named.place, lead.id, lead.doc
             FROM named
             JOIN lead ON lead.id = named.id
             ORDER BY lead.id ",
            $lock
        )
    };
}
pub(super) use leads_by;
