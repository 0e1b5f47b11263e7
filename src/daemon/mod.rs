//! Runs: the services, their life, and the one loop that waits.
