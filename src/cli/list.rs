//! Long lists are printed as they are read: a page at a time as a table, or one JSON object a line.

use serde_json::Value;

use super::client::Client;
use super::failure::Failure;
use super::paper::{Paper, say};

impl Paper {
    /// Prints a list of the API: at most `most` rows, all if it is 0. `none` says that there are none, beside the output.
    pub async fn pages(
        &mut self,
        client: &Client,
        (path, most, none): (&str, usize, &str),
        header: &[&str],
        shown: impl Fn(&Value, &Self) -> Vec<String>,
    ) -> Result<(), Failure> {
        let mut first = true;
        let more = client
            .pages(path, most, |rows| {
                if self.json {
                    return rows.iter().try_for_each(|row| self.compact(row));
                }
                let cells: Vec<Vec<String>> = rows.iter().map(|row| shown(row, self)).collect();
                if !cells.is_empty() {
                    let header = if std::mem::take(&mut first) { header } else { &[] };
                    self.table(header, &cells)?;
                }
                self.flush()
            })
            .await?;
        if self.json {
            return Ok(());
        }
        if first {
            say(none);
        }
        if more {
            self.flush()?;
            say("there are more; --limit 0 shows all");
        }
        Ok(())
    }
}
