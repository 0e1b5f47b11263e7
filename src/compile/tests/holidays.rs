use super::{codes, compile, small, with};
use crate::compile::diagnostic::{Code, render};
use crate::compile::{Compiled, Files, revision};
use crate::domain::sequence::Sequence;

const OFF: &str =
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260703\nRRULE:FREQ=YEARLY\nEND:VEVENT\nEND:VCALENDAR\n";

/// The small workspace, with lists of its own and a sequence and a team that are closed on these days.
fn closed_on(sequence: &str, team: &str) -> Files {
    let text = format!("kind: nurture\nsend: {{from: maya, holidays: {sequence}}}\nsteps: [{{end: x}}]\n");
    let mut files = with("sequences/hello.yaml", &text);
    let mut change = |path: &str, edit: &dyn Fn(String) -> String| {
        let text = String::from_utf8(files[path].clone()).unwrap();
        files.insert(path.to_owned(), edit(text).into_bytes());
    };
    let lists = "holidays: {company: [2026-08-03, 2026-12-24], site: {ics: config/site.ics}}\n";
    change("config/overture.yaml", &|text| text + lists);
    change("config/team.yaml", &|text| {
        text.replace("hours: [09:00-17:00]", &format!("hours: [09:00-17:00], holidays: {team}"))
    });
    files.insert("config/site.ics".to_owned(), OFF.as_bytes().to_vec());
    files
}

fn sound(files: &Files) -> Compiled {
    let compiled = compile(files);
    assert!(compiled.diagnostics.is_empty(), "{}", render(&compiled.diagnostics, false));
    compiled
}

/// Which of these dates of 2026 are open in a sequence.
fn open(sequence: &Sequence, days: &[&str]) -> Vec<bool> {
    let open = |day: &&str| sequence.send.calendar.is_business_day(format!("2026-{day}").parse().unwrap());
    days.iter().map(open).collect()
}

#[test]
fn a_calendar_is_closed_on_dates_in_places_and_by_lists_of_ones_own() {
    let days = ["07-14", "07-03", "08-03", "08-04", "12-24"];
    for (holidays, expected) in [
        ("[2026-08-04]", [true, true, true, false, true]),
        ("[FR]", [false, true, true, true, true]),
        ("[company]", [true, true, false, true, false]),
        ("[site, US-CA]", [true, false, true, true, true]),
        ("[lead.country]", [true, true, true, true, true]),
    ] {
        let playbook = sound(&closed_on(holidays, "[DE]")).playbook.unwrap();
        assert_eq!(open(&playbook.sequences["hello"], &days), expected, "{holidays}");
        assert_eq!(playbook.sequences["hello"].send.lead_holidays, holidays == "[lead.country]");
    }
    let office = |team: &str| sound(&closed_on("[]", team)).playbook.unwrap().staff.calendars["office"].clone();
    let (unity, feast) = ("2025-10-03".parse().unwrap(), "2026-07-03".parse().unwrap());
    assert!(office("[company]").is_business_day(unity) && !office("[DE]").is_business_day(unity));
    assert!(!office("[site, DE]").is_business_day(feast));
}

#[test]
fn holidays_that_nobody_knows_are_told_with_the_nearest_name() {
    let told = |sequence: &str, team: &str| {
        let compiled = compile(&closed_on(sequence, team));
        (codes(&compiled.diagnostics), render(&compiled.diagnostics, false))
    };
    for (sequence, team, part) in [
        ("[compny]", "[DE]", "did you mean `company`?"),
        ("[lead.contry]", "[DE]", "did you mean `lead.country`?"),
        ("[AU-NSWW]", "[DE]", "did you mean `AU-NSW`?"),
        ("[Atlantis]", "[DE]", "a country or region such as"),
        ("[DE]", "[lead.country]", "this calendar is no lead's"),
    ] {
        let (found, shown) = told(sequence, team);
        assert!(found == [Code::UnknownHolidays] && shown.contains(part), "{sequence} {team}: {shown}");
    }
}

#[test]
fn the_end_of_what_is_known_of_countries_is_told_before_it_comes() {
    let compiled = sound(&closed_on("[FR]", "[company]"));
    assert!(compiled.told_in(2034).is_empty());
    assert_eq!(codes(&compiled.told_in(2035)), [Code::HolidaysEnd]);
    assert!(sound(&closed_on("[company]", "[site]")).told_in(2090).is_empty());
}

#[test]
fn a_window_that_holidays_close_for_years_never_opens() {
    let days = (0..800).map(|n| jiff::civil::date(2026, 1, 1).saturating_add(jiff::Span::new().days(n)).to_string());
    let files = closed_on(&format!("[{}]", days.collect::<Vec<_>>().join(", ")), "[]");
    assert_eq!(codes(&compile(&files).diagnostics), [Code::NeverOpens]);
}

#[test]
fn a_stored_version_keeps_the_lists_it_named() {
    let files = closed_on("[company, site]", "[]");
    let before = sound(&files);
    let mut other = files.clone();
    let lists = String::from_utf8(files["config/overture.yaml"].clone()).unwrap().replace("2026-08-03", "2026-08-05");
    other.insert("config/overture.yaml".to_owned(), lists.into_bytes());
    let after = sound(&other);
    assert_ne!(before.revisions[0].version, after.revisions[0].version);
    for (compiled, expected) in [(&before, [false, false, true]), (&after, [false, true, false])] {
        let again = revision(&compiled.revisions[0]).unwrap();
        assert_eq!(open(&again, &["07-03", "08-03", "08-05"]), expected);
    }
    let unnamed = |files: &Files| sound(files).revisions[0].version.clone();
    let (mut plain, mut changed) = (small(), other);
    plain.insert("config/overture.yaml".to_owned(), files["config/overture.yaml"].clone());
    plain.insert("config/site.ics".to_owned(), files["config/site.ics"].clone());
    changed.insert("sequences/hello.yaml".to_owned(), plain["sequences/hello.yaml"].clone());
    assert_eq!(unnamed(&plain), unnamed(&changed), "a list that a sequence does not name is none of its version");
}

#[test]
fn a_file_of_days_is_named_and_there() {
    let mut files = closed_on("[]", "[]");
    files.insert("config/site.ics".to_owned(), b"BEGIN:VCALENDAR\n".to_vec());
    assert_eq!(codes(&compile(&files).diagnostics), [Code::CalendarFile]);
    let bytes = files.remove("config/site.ics").unwrap();
    files.insert("config/sites.ics".to_owned(), bytes);
    let compiled = compile(&files);
    assert_eq!(codes(&compiled.diagnostics), [Code::UnreadableFile, Code::UnreadName]);
    assert!(render(&compiled.diagnostics, false).contains("did you mean `config/sites.ics`?"));
}
