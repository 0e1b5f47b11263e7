//! What stands under the options of `--help` is written in lines of this file's width, and read in a terminal of any.

use clap::Command;

/// A line of prose as long as this was ended by the source's margin, not by its sense.
const MARGIN: usize = 110;

/// The command with its prose in lines that the terminal may break where it likes.
pub fn flowing(command: Command) -> Command {
    let after = command.get_after_help().map(|text| flow(&text.to_string()));
    let command = match after {
        Some(after) => command.after_help(after),
        None => command,
    };
    command.mut_subcommands(flowing)
}

/// Joins lines of prose that were broken at the margin; lists, examples and paragraphs stay.
fn flow(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut broken = false;
    for line in text.lines() {
        let prose = !line.is_empty() && !line.starts_with(' ');
        match lines.last_mut().filter(|_| prose && broken) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => lines.push(line.to_owned()),
        }
        broken = prose && line.chars().count() >= MARGIN;
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_the_margin_ended_are_joined() {
        let long = "word ".repeat(23).trim_end().to_owned();
        let text = format!("{long}\n{long}\nend.\nSettings: none.\n\nExamples:\n  overture {long}\n  overture run");
        let expected = format!("{long} {long} end.\nSettings: none.\n\nExamples:\n  overture {long}\n  overture run");
        assert_eq!(flow(&text), expected);
    }
}
