//! Lead lists as people export them: other delimiters, encodings, names, and rows that are no leads.

use std::collections::BTreeMap;
use std::io::{self, Read};

use overture::domain::condition::Type;
use overture::intake::csv::{Entry, Fault, Options, Refused, Row, Rows};
use serde_json::{Value, json};

fn attributes() -> BTreeMap<String, Type> {
    let known = [
        ("email", Type::Text),
        ("email_domain", Type::Text),
        ("first_name", Type::Text),
        ("last_name", Type::Text),
        ("company", Type::Text),
        ("employees", Type::Number),
        ("trial_ends", Type::Date),
        ("consent", Type::Bool),
        ("tags", Type::List),
    ];
    known.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect()
}

fn read(bytes: &[u8], map: &[&str], encoding: Option<&str>) -> Result<(Vec<Entry>, Vec<String>), Fault> {
    let (attributes, map) = (attributes(), map.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>());
    let rows = Rows::open(bytes, &Options { attributes: &attributes, map: &map, encoding })?;
    let ignored = rows.ignored().map(str::to_owned).collect();
    Ok((rows.collect::<Result<_, _>>()?, ignored))
}

fn leads(text: &str) -> Vec<(u64, String, Value)> {
    let (entries, _) = read(text.as_bytes(), &[], None).unwrap();
    let row = |entry| match entry {
        Entry::Row(Row { line, address, values, .. }) => (line, address.to_string(), Value::Object(values)),
        Entry::Refused(refused) => panic!("{refused:?}"),
    };
    entries.into_iter().map(row).collect()
}

fn why(bytes: &[u8], map: &[&str], encoding: Option<&str>) -> String {
    read(bytes, map, encoding).unwrap_err().0
}

#[test]
fn cells_become_values_of_the_declared_types_and_empty_ones_change_nothing() {
    let text = "\u{feff}E-Mail Address;First Name;Employees;Trial ends;Consent;Tags;Notes\r\nZoe@Bücher.example;\"Zoë; \"\"Z\"\"\";010;2026-12-01;yes;a, b;x\r\n\r\nb@c.example;;;;;;\r\n";
    let (entries, ignored) = read(text.as_bytes(), &[], None).unwrap();
    let Entry::Row(first) = &entries[0] else { panic!("{entries:?}") };
    assert_eq!((first.line, first.address.as_str()), (2, "zoe@xn--bcher-kva.example"));
    assert_eq!(
        Value::Object(first.values.clone()),
        json!({ "first_name": "Zoë; \"Z\"", "employees": 10, "trial_ends": "2026-12-01", "consent": true })
    );
    assert_eq!((first.tags.clone(), ignored), (vec!["a".to_owned(), "b".to_owned()], vec!["Notes".to_owned()]));
    let Entry::Row(second) = &entries[1] else { panic!("{entries:?}") };
    assert_eq!((second.line, second.values.len(), entries.len()), (4, 0, 2));
}

#[test]
fn comma_semicolon_and_tab_are_told_apart() {
    for text in [
        "email,first_name\na@b.example,Zoe",
        "email;\"first,name\"\na@b.example;Zoe\n",
        "email\tfirst_name\r\na@b.example\tZoe\r\n",
    ] {
        assert_eq!(leads(text)[0].1, "a@b.example", "{text}");
        assert_eq!(leads(text)[0].2, json!({ "first_name": "Zoe" }), "{text}");
    }
    assert_eq!(leads("email\na@b.example\n").len(), 1);
    let spread = leads("email,first_name\n\n\na@b.example,\"Zoe\nof X\"\nb@c.example,");
    assert_eq!(spread.iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [4, 6]);
}

#[test]
fn lines_are_counted_however_they_end() {
    for end in ["\n", "\r\n", "\r"] {
        let lines = ["email,first_name", "", "a@b.example,\"Zoe", "of X\"", "b@c.example,", ""];
        let found = leads(&lines.join(end));
        assert_eq!(found.iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [3, 5], "{end:?}");
        assert_eq!(found[0].2, json!({ "first_name": "Zoe\nof X" }), "{end:?}");
    }
}

#[test]
fn a_bad_row_is_told_and_costs_only_itself() {
    let text = "email,employees,trial_ends,consent\nnobody,1,,\na@b.example,many,,\na@b.example,1,31.12.2026,\na@b.example,1\n,1,,\na@b.example,1,2026-12-31,maybe\na@b.example,\u{0},,\nfine@b.example,1,,\n";
    let (entries, _) = read(text.as_bytes(), &[], None).unwrap();
    let refused: Vec<&Refused> = entries
        .iter()
        .filter_map(|entry| if let Entry::Refused(refused) = entry { Some(refused) } else { None })
        .collect();
    let told: Vec<(u64, &str, &str)> = refused
        .iter()
        .map(|refused| (refused.line, refused.column.as_deref().unwrap_or(""), refused.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (2, "email", "an e-mail address has an `@`"),
            (3, "employees", "`many` is not a number"),
            (4, "trial_ends", "`31.12.2026` is not a date; dates are written YYYY-MM-DD"),
            (5, "", "it has 2 cells and the header 4: is a quote or a delimiter missing?"),
            (6, "email", "the address is empty"),
            (7, "consent", "`maybe` is not true or false"),
            (8, "employees", "it holds a NUL character or more than 10000 characters"),
        ]
    );
    assert!(matches!(entries.last(), Some(Entry::Row(row)) if row.line == 9));
}

#[test]
fn other_encodings_are_read_when_named_and_told_where_they_are_not() {
    let latin = b"email,first_name\na@b.example,Zo\xeb\n";
    assert_eq!(
        why(latin, &[], None),
        "byte 31 of the list is not UTF-8; save the list as UTF-8, or name its encoding, for example --encoding windows-1252"
    );
    let (entries, _) = read(latin, &[], Some("windows-1252")).unwrap();
    assert!(matches!(&entries[0], Entry::Row(row) if row.values["first_name"] == "Zoë"));
    let wide: Vec<u8> =
        "\u{feff}email,first_name\na@b.example,Zoë\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(why(&wide, &[], None).contains("--encoding utf-16le"), "{}", why(&wide, &[], None));
    let (entries, _) = read(&wide, &[], Some("utf-16le")).unwrap();
    assert!(matches!(&entries[0], Entry::Row(row) if row.values["first_name"] == "Zoë"));
    assert!(why(latin, &[], Some("klingon")).starts_with("no encoding is named `klingon`"));
}

#[test]
fn columns_are_mapped_and_mistakes_name_the_nearest() {
    let text = b"Contact,Vorname,First Name\na@b.example,Zoe,Zoe\n";
    assert_eq!(
        why(b"Kontakt-Mail,Name\n", &[], None),
        "the list has no `email` column; it has `Kontakt-Mail`, `Name`. Say which it is: --map \"Kontakt-Mail=email\""
    );
    assert!(why(b"", &[], None).contains("it has"));
    assert!(why(text, &["Contact=email"], None).contains("the columns `Vorname` and `First Name` mean the same"));
    assert!(why(text, &["Contakt=email"], None).contains("did you mean `Contact`?"));
    assert!(why(text, &["Contact=emial"], None).contains("did you mean `email`?"));
    assert!(why(text, &["Contact"], None).contains("write COLUMN=attribute"));
    let (entries, _) = read(text, &["Contact=email", "Vorname=last_name"], None).unwrap();
    assert!(matches!(&entries[0], Entry::Row(row) if row.values["last_name"] == "Zoe"));
}

/// A list without an end.
struct Endless(Box<dyn Iterator<Item = u8>>);

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        for byte in out.iter_mut() {
            *byte = self.0.next().unwrap_or(b'x');
        }
        Ok(out.len())
    }
}

#[test]
fn a_list_is_read_as_it_comes_and_an_unclosed_quote_swallows_no_memory() {
    let attributes = attributes();
    let options = Options { attributes: &attributes, map: &[], encoding: None };
    let rows = b"email,first_name\n".iter().copied().chain(b"a@b.example,Zo\xc3\xab\n".iter().copied().cycle());
    let mut rows = Rows::open(Endless(Box::new(rows)), &options).unwrap();
    let hundredth = rows.nth(99_999).unwrap().unwrap();
    assert!(matches!(hundredth, Entry::Row(row) if row.line == 100_001 && row.values["first_name"] == "Zoë"));
    let unclosed = b"email,first_name\na@b.example,\"".iter().copied().chain(std::iter::repeat(b'x'));
    let mut rows = Rows::open(Endless(Box::new(unclosed)), &options).unwrap();
    assert_eq!(rows.next(), Some(Err(Fault("a row is longer than 1 MiB: is a quote not closed?".to_owned()))));
    assert_eq!(rows.next(), None);
}
