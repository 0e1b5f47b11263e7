//! Counts a program's disk flushes, and makes each as slow as a cheap disk's, by a shim before the C library.

use std::path::PathBuf;
use std::process::Command;

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static atomic_long count;
static void lag(void) {
    char *text = getenv("BENCH_FLUSH_US");
    long us = text ? atol(text) : 0;
    atomic_fetch_add(&count, 1);
    if (us > 0) { struct timespec t = { us / 1000000, (us % 1000000) * 1000 }; nanosleep(&t, 0); }
}
int fsync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fsync"); int done = real(fd); lag(); return done; }
int fdatasync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fdatasync"); int done = real(fd); lag(); return done; }
__attribute__((destructor)) static void told(void) { fprintf(stderr, "flushes=%ld\n", (long)count); }
"#;

/// The shim, compiled; its folder goes with it.
pub struct Shim {
    library: PathBuf,
    _folder: tempfile::TempDir,
}

impl Shim {
    /// `None` where there is no C compiler.
    pub fn build() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let (source, library) = (folder.path().join("flush.c"), folder.path().join("flush.so"));
        std::fs::write(&source, SHIM).ok()?;
        let mut compile = Command::new("cc");
        compile.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
        compile.status().is_ok_and(|status| status.success()).then_some(Self { library, _folder: folder })
    }

    pub fn path(&self) -> String {
        self.library.display().to_string()
    }
}

/// The number of flushes in what a program under the shim said at its end.
pub fn flushes(said: &str) -> Option<f64> {
    said.lines().rev().find_map(|line| line.strip_prefix("flushes=")?.trim().parse().ok())
}
