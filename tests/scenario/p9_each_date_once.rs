//! P9: what is to happen once on each local date does so across the changes of the clocks, and whatever somebody does to the machine's.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use jiff::tz::TimeZone;
use overture::domain::decide::Ask;
use overture::domain::time::{Instant, Millis};

on_both_databases!(
    each_date_has_its_mail_when_the_clocks_go_forward,
    each_date_has_its_mail_when_the_clocks_go_back,
    a_clock_that_is_set_back_and_forth_repeats_nothing_and_leaves_nothing_out,
);

const MAILS: usize = 6;

/// A mail each night at an hour that is left out in March and comes twice in October.
fn nights(database: &str, start: &str) -> (Bench, FaultySmtp) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let mut steps = String::from("steps:\n");
    for n in 0..MAILS {
        steps += &format!("  - wait: 'until: 02:30'\n  - {{id: night-{n}, email: scene/first}}\n");
    }
    let workspace = scene::workspace(database, server.address(), &receiver, &steps);
    let berlin = workspace.read("sequences/scene.yaml").replace("zone: UTC", "zone: Europe/Berlin");
    workspace.write("sequences/scene.yaml", &berlin);
    let bench = Bench::at(start, workspace);
    bench.ask("ann@example.com", Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    (bench, server)
}

/// The local dates and times at which mails left, in their order.
fn left(bench: &Bench) -> Vec<(String, String)> {
    let berlin = TimeZone::get("Europe/Berlin").expect("the zone is known");
    let local = |at: Instant| at.to_jiff().to_zoned(berlin.clone()).datetime();
    let rows = bench.touches();
    rows.iter()
        .filter_map(|row| row.marked_at)
        .map(|at| (local(at).date().to_string(), local(at).time().to_string()))
        .collect()
}

fn run(bench: &Bench, mut between: impl FnMut(&Bench, Instant)) {
    bench.work();
    while let Some(next) = bench.next() {
        between(bench, next);
        bench.set(bench.now().max(next));
        bench.work();
    }
}

fn dates(bench: &Bench) -> Vec<String> {
    left(bench).into_iter().map(|(date, _)| date).collect()
}

fn each_date_has_its_mail_when_the_clocks_go_forward(database: &str) {
    let (bench, server) = nights(database, "2026-03-27T09:00:00Z");
    run(&bench, |_, _| {});
    let times = left(&bench);
    let expected = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02"];
    assert_eq!(dates(&bench), expected);
    // 02:30 does not exist on the 29th: the mail leaves at the first instant after the gap.
    assert_eq!(times[1].1, "03:00:00");
    assert!(times.iter().enumerate().all(|(n, (_, time))| n == 1 || time == "02:30:00"), "{times:?}");
    assert_eq!(server.taken().len(), MAILS);
}

fn each_date_has_its_mail_when_the_clocks_go_back(database: &str) {
    let (bench, server) = nights(database, "2026-10-23T09:00:00Z");
    run(&bench, |_, _| {});
    let times = left(&bench);
    let expected = ["2026-10-24", "2026-10-25", "2026-10-26", "2026-10-27", "2026-10-28", "2026-10-29"];
    assert_eq!(dates(&bench), expected);
    assert!(times.iter().all(|(_, time)| time == "02:30:00"), "{times:?}");
    // On the 25th it comes twice, and the first of both is meant.
    assert_eq!(bench.touches()[1].marked_at, Some(instant("2026-10-25T00:30:00Z")));
    assert_eq!(server.taken().len(), MAILS);
}

fn a_clock_that_is_set_back_and_forth_repeats_nothing_and_leaves_nothing_out(database: &str) {
    let (bench, server) = nights(database, "2026-03-27T09:00:00Z");
    let mut turn = 0;
    run(&bench, |bench, next| {
        turn += 1;
        // Hours back, to before what was done last; then forth and back around the next instant, before it comes.
        bench.set(bench.now() - Millis::HOUR.times(5));
        bench.work();
        bench.set(next - Millis::SECOND);
        bench.work();
        bench.set(next - Millis::HOUR.times(30));
        bench.work();
        assert!(turn < 200, "it goes round in circles: {:?}", left(bench));
    });
    let expected = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02"];
    assert_eq!(dates(&bench), expected);
    assert_eq!(server.taken().len(), MAILS);
}
