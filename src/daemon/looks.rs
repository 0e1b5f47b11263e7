//! A data folder has one writer; who finds it held looks again for a while, because a daemon that starts soon answers, and a command
//! beside it is soon done.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::assemble::StartError;
use super::waiting::pause;
use crate::store::holder;

const LOOK: Duration = Duration::from_millis(100);
/// Ten seconds of looks.
const MOST: usize = 100;

/// Looks at a data folder that somebody holds.
pub struct Looks {
    data: PathBuf,
    done: usize,
}

impl Looks {
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), done: 0 }
    }

    /// Waits for the next look, and says once what for.
    ///
    /// # Errors
    /// Gives back what was refused: it does not pass by itself, or has not for long enough.
    pub async fn again(&mut self, refused: StartError, say: impl FnOnce(&str)) -> Result<(), StartError> {
        let passes = matches!(&refused, StartError::Store(error) if error.is_taken() || error.is_unready());
        let holder = if passes { holder(&self.data) } else { None };
        let Some(holder) = holder.filter(|_| self.done < MOST) else { return Err(refused) };
        if self.done == 0 {
            say(&format!("waiting for process {holder}, which holds {}", self.data.display()));
        }
        self.done += 1;
        pause(LOOK, &CancellationToken::new()).await;
        Ok(())
    }
}
