//! Runs: one process that joins the files, the store and the ways out, and keeps them going until it is told to stop.
//!
//! Everything that waits waits here. Each service is a loop over engine verbs that end by themselves; between two rounds it sleeps
//! until the next instant that matters or until somebody commits something.
//!
//! | service | does | waits for |
//! |---|---|---|
//! | writer | commits for everyone who writes | whoever writes |
//! | sequencer | wakes leads that are due | the first wake |
//! | dispatcher | starts couriers for lanes with work | the first ready touch |
//! | couriers | carry touches, a few a lane | the relay, the receiver |
//! | ear | hears that another daemon of a fleet made work | the database |
//! | keeper | renews leases, takes over what others left, feeds the watchdog | a third of a lease |
//! | listeners | public, private, and the command line's socket | whoever asks |

mod assemble;
mod courier;
mod dispatcher;
mod ear;
mod files;
mod keeper;
mod lifecycle;
mod listen;
mod log;
mod looks;
mod revision;
mod sequencer;
mod serve;
mod waiting;

pub use assemble::{Assembled, StartError, assemble, location, parts, socket_path, ways};
pub use files::{adopt, merge, watch_files};
pub use lifecycle::{Options, run};
pub use listen::{Answers, Bound, bind};
pub use log::start_logging;
pub use looks::Looks;
