//! What an operator touches: the commands, and the unit that runs the daemon.

mod service_unit;
