//! The example workspace travels in the program, so that one binary is all there is to install.

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $name)))
    };
}

/// The files of the example by their path in it.
pub const FILES: &[(&str, &str)] = &[
    file!("config/overture.yaml"),
    file!("config/scoring.yaml"),
    file!("config/team.yaml"),
    file!("sequences/keep-in-touch.test.yaml"),
    file!("sequences/keep-in-touch.yaml"),
    file!("sequences/outbound-cadence.test.yaml"),
    file!("sequences/outbound-cadence.yaml"),
    file!("sequences/re-engagement.test.yaml"),
    file!("sequences/re-engagement.yaml"),
    file!("sequences/trial-nurture.test.yaml"),
    file!("sequences/trial-nurture.yaml"),
    file!("templates/ack/after-hours.md"),
    file!("templates/outbound/first.md"),
    file!("templates/outbound/last.md"),
    file!("templates/outbound/proof.md"),
    file!("templates/outbound/second.md"),
    file!("templates/trial/benchmark.md"),
    file!("templates/trial/case-study.md"),
    file!("templates/trial/crm-note.json"),
    file!("templates/trial/deep-dive.md"),
    file!("templates/trial/field-notes.md"),
    file!("templates/trial/nudge.md"),
    file!("templates/trial/short-tip.md"),
    file!("templates/trial/welcome.md"),
    file!("templates/win-back/last-word.md"),
    file!("templates/win-back/show-around.md"),
    file!("templates/win-back/what-changed.md"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_example_is_shipped() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let there: BTreeSet<String> = ["config", "sequences", "templates"]
            .iter()
            .flat_map(|part| walkdir::WalkDir::new(root.join(part)))
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .filter_map(|entry| Some(entry.path().strip_prefix(root).ok()?.to_string_lossy().into_owned()))
            .collect();
        let shipped: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(shipped, there);
    }
}
