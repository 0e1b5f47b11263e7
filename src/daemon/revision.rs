//! The commit a workspace is at, so that each touch can name where its copy came from.

use std::fs;
use std::path::{Path, PathBuf};

/// The commit of the git checkout a folder lies in, if it lies in one.
pub fn commit_of(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let git = folder.ancestors().map(|parent| parent.join(".git")).find(|git| git.exists())?;
    let git = if git.is_file() { linked(&git)? } else { git };
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return hash(&head) };
    let common = fs::read_to_string(git.join("commondir")).ok().map_or_else(|| git.clone(), |to| git.join(to.trim()));
    [git.join(name), common.join(name)].iter().find_map(|path| fs::read_to_string(path).ok()).as_deref().map_or_else(
        || {
            let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
            packed.lines().find_map(|line| line.strip_suffix(name).and_then(hash))
        },
        hash,
    )
}

/// Where the repository of a linked work tree is.
fn linked(file: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    Some(file.parent()?.join(text.trim().strip_prefix("gitdir: ")?))
}

fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}
