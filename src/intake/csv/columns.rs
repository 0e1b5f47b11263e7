//! Which column is what: by `--map`, else by its name, as spreadsheets and other tools write it.

use csv::StringRecord;

use super::Options;
use crate::domain::condition::Type;

/// What other tools call our attributes, letters and digits only.
const ALSO: [(&str, &str); 19] = [
    ("emailaddress", "email"),
    ("emailadresse", "email"),
    ("mail", "email"),
    ("workemail", "email"),
    ("vorname", "first_name"),
    ("givenname", "first_name"),
    ("prénom", "first_name"),
    ("nachname", "last_name"),
    ("familyname", "last_name"),
    ("surname", "last_name"),
    ("jobtitle", "title"),
    ("position", "title"),
    ("companyname", "company"),
    ("organisation", "company"),
    ("organization", "company"),
    ("phonenumber", "phone"),
    ("timezone", "zone"),
    ("language", "locale"),
    ("leadsource", "source"),
];

/// A column with what is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Email,
    Tags,
    Attribute(String, Type),
    Nothing,
}

/// Gives each column of the header its meaning.
pub fn settle(header: &StringRecord, options: &Options<'_>) -> Result<Vec<Column>, String> {
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    let mapped = options.map.iter().map(|entry| mapping(entry, &names, options)).collect::<Result<Vec<_>, _>>()?;
    let mut columns = Vec::new();
    for name in &names {
        let given = mapped.iter().find(|(column, _)| column == name).map(|(_, attribute)| attribute.clone());
        let target =
            given.or_else(|| attribute_of(name, options)).map_or(Target::Nothing, |name| target(&name, options));
        if target != Target::Nothing
            && let Some(earlier) = columns.iter().find(|column: &&Column| column.target == target)
        {
            let why = format!(
                "the columns `{}` and `{name}` mean the same; choose with --map \"{name}=…\" or take one out",
                earlier.name
            );
            return Err(why);
        }
        columns.push(Column { name: (*name).to_owned(), target });
    }
    if columns.iter().all(|column| column.target != Target::Email) {
        return Err(no_email(&names));
    }
    Ok(columns)
}

/// Reads `COLUMN=attribute`.
fn mapping<'a>(entry: &'a str, names: &[&str], options: &Options<'_>) -> Result<(&'a str, String), String> {
    let (column, attribute) =
        entry.rsplit_once('=').ok_or_else(|| format!("--map \"{entry}\": write COLUMN=attribute"))?;
    let (column, attribute) = (column.trim(), attribute.trim());
    if !names.contains(&column) {
        let near = nearest(column, names.iter().copied());
        return Err(format!("--map \"{entry}\": the list has no column `{column}`{near}; it has {}", listed(names)));
    }
    if attribute != "email" && (attribute == "email_domain" || !options.attributes.contains_key(attribute)) {
        let near = nearest(attribute, options.attributes.keys().map(String::as_str));
        return Err(format!(
            "--map \"{entry}\": leads have no attribute `{attribute}`{near}; declare it in config/overture.yaml"
        ));
    }
    Ok((column, attribute.to_owned()))
}

fn attribute_of(name: &str, options: &Options<'_>) -> Option<String> {
    let plain = plain(name);
    let known = options.attributes.keys().map(String::as_str).chain(["email"]);
    known
        .into_iter()
        .find(|attribute| self::plain(attribute) == plain)
        .or_else(|| ALSO.iter().find(|(also, _)| *also == plain).map(|(_, attribute)| *attribute))
        .map(str::to_owned)
}

fn target(attribute: &str, options: &Options<'_>) -> Target {
    match attribute {
        "email" => Target::Email,
        "tags" => Target::Tags,
        // Follows from the address.
        "email_domain" => Target::Nothing,
        _ => options
            .attributes
            .get(attribute)
            .map_or(Target::Nothing, |kind| Target::Attribute(attribute.to_owned(), *kind)),
    }
}

/// Lower case, letters and digits only.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn no_email(names: &[&str]) -> String {
    let nearest = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.6);
    let hint = nearest.map_or_else(|| "--map \"COLUMN=email\"".to_owned(), |name| format!("--map \"{name}=email\""));
    format!("the list has no `email` column; it has {}. Say which it is: {hint}", listed(names))
}

fn likeness(name: &str) -> f64 {
    let plain = plain(name);
    if plain.contains("mail") { 1.0 } else { strsim::jaro_winkler(&plain, "email") }
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let like = known.map(|known| (strsim::jaro_winkler(&plain(name), &plain(known)), known));
    let best = like.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > 0.8);
    best.map(|(_, known)| format!(" (did you mean `{known}`?)")).unwrap_or_default()
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(30).map(|name| format!("`{name}`")).collect();
    if shown.is_empty() { "no columns".to_owned() } else { shown.join(", ") }
}
