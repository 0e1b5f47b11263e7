//! A disk small enough to be filled on purpose.

use super::SOON;
use super::process::Process;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory with a limit, gone with its test.
pub struct Tmpfs {
    folder: tempfile::TempDir,
    _mount: Process,
}

impl Tmpfs {
    /// Mounts one; `None`, and a word about it, where mounting is not allowed.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("overture-disk-").tempdir().expect("a folder can be made");
        let root = if may("") { "" } else { "sudo -n" };
        if !may(root) {
            super::skipped("root, to mount a small tmpfs");
            return None;
        }
        let path = folder.path().display();
        let options = format!("size={megabytes}m,mode=777");
        // The process only stands for the mount: the leash takes it away even if the test is killed.
        let script = format!("{root} mount -t tmpfs -o {options} tmpfs {path} && echo mounted && exec sleep 3600");
        let at_end = format!("kill -KILL \"$1\" 2>/dev/null; {root} umount -l {path}");
        let mount = Process::start("a small disk", Command::new("sh").args(["-c", &script]), &at_end);
        mount.log().wait(SOON, |line| (line == "mounted").then_some(()))?;
        Some(Self { folder, _mount: mount })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).expect("a file can be made");
        for size in [65_536, 4_096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives back what [`Tmpfs::fill`] took.
    pub fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast stands there");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

/// Whether the command may mount, tried without doing it.
fn may(root: &str) -> bool {
    let told = Command::new("sh").args(["-c", &format!("{root} id -u")]).output();
    told.is_ok_and(|told| told.stdout == b"0\n")
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let path = self.path();
        let _ = Command::new("sh")
            .args(["-c", &format!("umount -l {0} || sudo -n umount -l {0}", path.display())])
            .status();
    }
}
