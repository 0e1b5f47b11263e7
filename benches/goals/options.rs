//! What was asked for on the command line.

/// How much of what is measured.
pub struct Options {
    pub names: Vec<String>,
    pub list: bool,
    /// Rounds of each pair.
    pub rounds: usize,
    /// Mails, leads or rows a run; each benchmark has its own usual number.
    pub size: Option<usize>,
}

impl Options {
    pub fn read(arguments: &[String]) -> Self {
        let mut options = Self { names: Vec::new(), list: false, rounds: 3, size: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--list" => options.list = true,
                "--rounds" => options.rounds = number(argument, rest.next()).max(1),
                "--size" => options.size = Some(number(argument, rest.next()).max(1)),
                flag if flag.starts_with('-') => panic!("there is no {flag}; there are --list, --rounds N, --size N"),
                name => options.names.push(name.to_owned()),
            }
        }
        options
    }

    pub fn size_or(&self, usual: usize) -> usize {
        self.size.unwrap_or(usual)
    }
}

fn number(flag: &str, value: Option<&String>) -> usize {
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{flag} needs a number"))
}
