//! A code of `check` is looked up here: what it means, why it matters, what brings it about, and how it looks when it is right.

use clap::Args;
use serde_json::{Value, json};

use super::desk::Desk;
use super::failure::Failure;
use crate::compile::diagnostic::{Code, Example};
use crate::domain::spelling::nearest;

const AFTER: &str = "\
Examples:
  overture explain OV0605
  overture explain            lists all codes
  overture explain OV0605 --json

Exit codes: 0 done, 1 there is no such code.";

/// Tells the long story of a code of `overture check`
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Explain {
    /// The code, such as OV0605; all of them if not given
    code: Option<String>,
}

impl Explain {
    pub fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let paper = &mut desk.paper;
        let Some(id) = self.code else {
            if paper.json {
                let all = Code::ALL.iter().map(|code| json!({ "code": code.id(), "title": code.title() }));
                return paper.value(&all.collect::<Value>());
            }
            let rows: Vec<Vec<String>> =
                Code::ALL.iter().map(|code| vec![code.id().to_owned(), code.title().to_owned()]).collect();
            return paper.table(&["CODE", "MEANS"], &rows);
        };
        let Some(code) = Code::named(&id) else {
            let near = nearest(&id, Code::ALL.iter().map(|code| code.id()));
            let hint =
                near.map_or("`overture explain` lists all codes".to_owned(), |near| format!("did you mean {near}?"));
            return Err(Failure::no(format!("there is no code `{id}`")).hint(hint));
        };
        let story = code.story();
        if paper.json {
            let files = |all: &[Example]| {
                all.iter().map(|one| json!({ "file": one.path, "text": one.shown })).collect::<Value>()
            };
            let (fails, mended) = (files(&story.fails), files(&story.mended));
            return paper.value(&json!({
                "code": code.id(), "title": code.title(), "text": story.text, "fails": fails, "mended": mended,
            }));
        }
        paper.heading(&format!("{}  {}", code.id(), code.title()))?;
        paper.line("")?;
        paper.line(&story.text)?;
        for (word, files) in [("This brings it about", &story.fails), ("This is right", &story.mended)] {
            for file in files {
                paper.line("")?;
                let Some(shown) = &file.shown else {
                    paper.heading(&format!("{word}: {} is not there", file.path))?;
                    continue;
                };
                paper.heading(&format!("{word}, in {}:", file.path))?;
                for line in shown.lines() {
                    paper.line(format!("    {line}").trim_end())?;
                }
            }
        }
        Ok(())
    }
}
