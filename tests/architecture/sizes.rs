//! The size rule: a file that fits on a few screens is read; a longer one is searched.

use crate::{Fault, assert_none, name_of, read, rust_files};

const MOST: usize = 500;
const NEARLY_ALL_UNDER: usize = 400;
const MEDIAN: usize = 150;

#[test]
fn files_stay_small() {
    let mut sizes: Vec<(usize, String)> =
        rust_files().iter().map(|path| (read(path).lines().count(), name_of(path))).collect();
    sizes.sort();
    let too_long: Vec<Fault> = sizes
        .iter()
        .filter(|(lines, _)| *lines > MOST)
        .map(|(lines, file)| Fault {
            file: file.clone(),
            line: *lines,
            rule: format!("{lines} lines; no file has more than {MOST}"),
            help: "split it by what it does, and let the names say it",
        })
        .collect();
    assert_none(&too_long);

    let long: Vec<&str> = sizes.iter().filter(|(n, _)| *n >= NEARLY_ALL_UNDER).map(|(_, f)| f.as_str()).collect();
    assert!(
        long.len() * 20 <= sizes.len(),
        "95 % of the files have under {NEARLY_ALL_UNDER} lines; too many do not, split one: {long:?}"
    );
    let (median, at) = &sizes[sizes.len() / 2];
    assert!(*median <= MEDIAN, "the median file has at most {MEDIAN} lines; now it is {at} with {median}");
}
