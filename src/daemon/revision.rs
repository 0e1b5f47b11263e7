//! The commit a workspace is at, and which of its files are as that commit has them, so that each touch can name where its copy came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folders whose files make versions.
const FOLDERS: [&str; 3] = ["config", "sequences", "templates"];
/// Files that git is asked about at once.
const MANY: usize = 500;

/// A workspace in a git checkout.
#[derive(Debug)]
pub struct Checkout {
    commit: String,
    /// The files that are as the commit has them.
    same: BTreeSet<String>,
}

impl Checkout {
    /// The checkout a workspace lies in, if it lies in one. Where no git runs nobody can tell which files are as they were committed.
    pub fn of(folder: &Path) -> Option<Self> {
        let commit = commit_of(folder)?;
        let same = committed(folder, &commit);
        if same.is_none() {
            tracing::info!(
                commit,
                "git does not say which files are as they were committed, so no version names a commit"
            );
        }
        Some(Self { commit, same: same? })
    }

    /// The commit that some files are from; none if one of them is not as it was committed.
    pub fn commit_of<'f>(&self, files: impl IntoIterator<Item = &'f str>) -> Option<String> {
        files.into_iter().all(|file| self.same.contains(file)).then(|| self.commit.clone())
    }
}

/// The files of a workspace that are as a commit has them, byte by byte.
fn committed(folder: &Path, commit: &str) -> Option<BTreeSet<String>> {
    let listed = git(folder, &[&["ls-tree", "-r", "-z", commit, "--"][..], &FOLDERS].concat())?;
    let blob = |entry: &str| {
        let (about, path) = entry.split_once('\t')?;
        Some((path.to_owned(), about.rsplit_once(' ')?.1.to_owned()))
    };
    let mut blobs: BTreeMap<String, String> = listed.split('\0').filter_map(blob).collect();
    blobs.retain(|path, _| folder.join(path).is_file());
    let mut same = BTreeSet::new();
    let paths: Vec<&str> = blobs.keys().map(String::as_str).collect();
    for some in paths.chunks(MANY) {
        let hashes = git(folder, &[&["hash-object", "--no-filters", "--"], some].concat())?;
        let unchanged = some.iter().zip(hashes.lines()).filter(|(path, hash)| blobs[**path] == *hash);
        same.extend(unchanged.map(|(path, _)| (*path).to_owned()));
    }
    Some(same)
}

/// What git says in a folder. It reads objects only: no filter, no hook and no fetch that the repository's own settings may name is run,
/// so it does not matter whose the repository is.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(["-c", "safe.directory=*", "-C"]).arg(folder).args(arguments);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    let told = command.env("GIT_NO_LAZY_FETCH", "1").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    told.status.success().then(|| String::from_utf8(told.stdout).ok()).flatten()
}

/// The commit of the git checkout a folder lies in, if it lies in one.
fn commit_of(folder: &Path) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs git as somebody in a folder.
    fn run(folder: &Path, arguments: &[&str]) {
        let who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
        let told = Command::new("git").arg("-C").arg(folder).args(who).args(arguments).output().expect("git runs");
        assert!(told.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
    }

    fn head(folder: &Path) -> String {
        let told = Command::new("git").arg("-C").arg(folder).args(["rev-parse", "HEAD"]).output().expect("git runs");
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    }

    #[test]
    fn a_file_names_its_commit_only_while_it_is_as_it_was_committed() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let workspace = folder.path().join("outreach");
        for part in FOLDERS {
            fs::create_dir_all(workspace.join(part)).expect("a folder can be made");
        }
        let write = |name: &str, text: &str| fs::write(workspace.join(name), text).expect("a file can be written");
        assert!(Checkout::of(&workspace).is_none(), "it lies in no checkout");
        run(folder.path(), &["init", "-q", "-b", "main"]);
        assert!(Checkout::of(&workspace).is_none(), "there is no commit");

        write("sequences/a.yaml", "one");
        write("templates/ä b.md", "two");
        run(folder.path(), &["add", "."]);
        run(folder.path(), &["commit", "-q", "-m", "first"]);
        write("sequences/b.yaml", "new");
        write("templates/ä b.md", "three");
        let first = Checkout::of(&workspace).expect("it is a checkout");
        assert_eq!(first.commit, head(folder.path()));
        let of = |checkout: &Checkout, files: &[&str]| checkout.commit_of(files.iter().copied());
        assert_eq!(of(&first, &["sequences/a.yaml"]), Some(head(folder.path())));
        assert_eq!(of(&first, &["sequences/a.yaml", "templates/ä b.md"]), None, "one was changed");
        assert_eq!(of(&first, &["sequences/b.yaml"]), None, "it was never committed");
        run(folder.path(), &["add", "."]);
        assert_eq!(of(&Checkout::of(&workspace).expect("it is one"), &["sequences/b.yaml"]), None, "nor by adding it");

        run(folder.path(), &["commit", "-q", "-m", "second"]);
        run(folder.path(), &["pack-refs", "--all"]);
        let second = Checkout::of(&workspace).expect("it is a checkout");
        assert_ne!(second.commit, first.commit);
        assert_eq!(of(&second, &["sequences/b.yaml", "templates/ä b.md"]), Some(head(folder.path())));
        let beside = folder.path().join("beside");
        run(folder.path(), &["worktree", "add", "-q", "--detach", beside.to_str().expect("a plain path"), "HEAD~1"]);
        let linked = Checkout::of(&beside.join("outreach")).expect("a linked work tree is a checkout");
        assert_eq!(of(&linked, &["sequences/a.yaml"]), Some(first.commit), "with a commit of its own");
    }
}
