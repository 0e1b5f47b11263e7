//! What an editor needs to complete, explain and check the files: their JSON Schemas, made from the descriptions of the language.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::desk::Desk;
use super::failure::Failure;
use crate::compile::{SCHEMAS, reference, schema, schema_of};

const AFTER: &str = "\
`overture init` puts them into .overture/schemas of the workspace, and a first line into each file that leads an editor with a YAML language
server to them. They stand for this version: `overture schema --into .overture/schemas` makes them anew after an update.

Examples:
  overture schema sequence > sequence.schema.json
  overture schema --into .overture/schemas      all of them
  overture schema reference > language.md       the same for people

Exit codes: 0 printed, 2 could not write.";

/// Where a workspace keeps its schemas.
pub const FOLDER: &str = ".overture/schemas";

/// Prints the JSON Schema of a kind of file, for editors
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Schema {
    /// Which file
    #[arg(value_enum, required_unless_present = "into")]
    of: Option<Of>,
    /// Writes all schemas into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "of")]
    into: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// sequences/**/*.yaml
    Sequence,
    /// config/overture.yaml
    Config,
    /// config/scoring.yaml
    Scoring,
    /// config/team.yaml
    Team,
    /// sequences/**/*.test.yaml
    Test,
    /// Rates for overture simulate
    Behaviour,
    /// Not a schema: all of it in Markdown
    Reference,
}

impl Schema {
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        if let Some(folder) = &self.into {
            let names = write(folder)?;
            return desk.paper.line(format!("{} schemas written to {}", names.len(), folder.display()));
        }
        match self.of {
            Some(Of::Reference) => desk.paper.line(reference().trim_end()),
            Some(Of::Sequence) => print("sequence", desk),
            Some(Of::Config) => print("config", desk),
            Some(Of::Scoring) => print("scoring", desk),
            Some(Of::Team) => print("team", desk),
            Some(Of::Test) => print("test", desk),
            Some(Of::Behaviour) => print("behaviour", desk),
            None => Ok(()),
        }
    }
}

fn print(name: &str, desk: &mut Desk) -> Result<(), Failure> {
    schema(name).map_or(Ok(()), |schema| desk.paper.line(format!("{schema:#}")))
}

/// Writes every schema into a folder as NAME.json; what was there before is of an older version.
pub fn write(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |path: &Path, error| Failure::broken(format!("cannot write {}: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut written = Vec::new();
    for (name, _) in SCHEMAS {
        let Some(schema) = schema(name) else { continue };
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, format!("{schema:#}\n")).map_err(|error| failed(&path, error))?;
        written.push(path);
    }
    Ok(written)
}

/// The first line of a workspace's file that leads an editor to its schema; empty for files that have none.
pub fn refer(path: &str) -> String {
    let up = "../".repeat(path.matches('/').count());
    schema_of(path)
        .map_or_else(String::new, |name| format!("# yaml-language-server: $schema={up}{FOLDER}/{name}.json\n"))
}
