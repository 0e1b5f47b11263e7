//! The program: everything it does is in the library.

use std::process::ExitCode;

/// Half the resident memory under load, compared with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    overture::cli::run()
}
