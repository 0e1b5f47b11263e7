//! Results as JUnit XML: one suite a file, one case a test, the timeline as the failure's text.

use std::fmt::Write;

use super::test::{Played, timeline};

/// All results as one document.
pub fn report(played: &[Played<'_>]) -> String {
    let failed = |played: &[&Played<'_>]| played.iter().filter(|one| !one.verdict.passed()).count();
    let all: Vec<&Played<'_>> = played.iter().collect();
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(xml, "<testsuites name=\"overture\" tests=\"{}\" failures=\"{}\">", all.len(), failed(&all));
    for group in played.chunk_by(|a, b| a.suite.file == b.suite.file) {
        let of_file: Vec<&Played<'_>> = group.iter().collect();
        let file = text(&group[0].suite.file);
        let (count, bad) = (of_file.len(), failed(&of_file));
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{file}\" tests=\"{count}\" failures=\"{bad}\" errors=\"0\" skipped=\"0\">"
        );
        for one in of_file {
            case(one, &mut xml);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>");
    xml
}

fn case(one: &Played<'_>, xml: &mut String) {
    let (name, sequence) = (text(&one.scenario.name), text(&one.suite.sequence));
    let (file, line) = (text(&one.suite.file), one.scenario.line);
    let head = format!("    <testcase classname=\"{sequence}\" name=\"{name}\" file=\"{file}\" line=\"{line}\"");
    if one.verdict.passed() {
        let _ = writeln!(xml, "{head}/>");
        return;
    }
    let told = text(&timeline(one).join("\n"));
    let faults = one.verdict.faults();
    let _ = writeln!(
        xml,
        "{head}>\n      <failure message=\"{faults} not as expected\" type=\"expectation\">\n{told}\n      </failure>"
    );
    xml.push_str("    </testcase>\n");
}

/// As XML 1.0 may have it: what it has no place for becomes `\u{FFFD}`.
fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' | ' '.. => out.push(if matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c }),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}
