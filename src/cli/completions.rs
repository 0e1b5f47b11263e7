//! A shell that knows the commands and their options asks nobody.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::desk::Desk;
use super::failure::Failure;

const AFTER: &str = "\
Examples:
  source <(overture completions bash)                                       # this bash; for all, a line of ~/.bashrc
  overture completions zsh > \"${fpath[1]}/_overture\"
  overture completions fish > ~/.config/fish/completions/overture.fish
  overture completions powershell | Out-String | Invoke-Expression

Exit codes: 0 printed.";

/// Prints what a shell needs to complete the commands
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut super::Line::command(), "overture", &mut script);
        desk.paper.as_it_is(String::from_utf8_lossy(&script).trim_end())
    }
}
