use super::*;

fn kind(outcome: Result<Session, Failure>) -> FailureKind {
    match outcome {
        Ok(_) => panic!("the session opened"),
        Err(failure) => failure.kind,
    }
}

/// Opens with patience, then offers and writes under `timeouts`, as far as the server lets it.
async fn carry(account: &Account, timeouts: Timeouts) -> String {
    let mut session = match opened(account, patient()).await {
        Ok(session) => session,
        Err(failure) => return format!("open: {:?}", failure.kind),
    };
    session.timeouts = timeouts;
    match session.offer(&envelope(), 8).await {
        Offer::Ready => {}
        other => return format!("offer: {other:?}, usable {}", session.usable()),
    }
    format!("write: {:?}, usable {}", session.write(b"x\r\n").await, session.usable())
}

/// The whole of a good conversation, cut after its first `steps` steps.
fn cut_after(steps: usize) -> Vec<Step> {
    let whole = pipelined(vec![
        Hear("MAIL"),
        Hear("RCPT"),
        Hear("DATA"),
        Say("250 ok\r\n"),
        Say("250 ok\r\n"),
        Say("354 go\r\n"),
        Message,
    ]);
    whole.into_iter().take(steps).collect()
}

#[tokio::test]
async fn a_server_that_drops_leaves_nothing_sent_before_354_and_unknown_after() {
    for steps in 0..=10 {
        let (listener, account) = listener().await;
        let (_, said) = tokio::join!(serve(&listener, cut_after(steps)), carry(&account, patient()));
        let expected = match steps {
            0..=2 => "open: Unreachable",
            3..=8 => "offer: Lost",
            _ => "write: Lost",
        };
        assert!(said.starts_with(expected), "{steps}: {said}");
        assert!(!said.ends_with("usable true"), "{steps}: {said}");
    }
}

#[tokio::test]
async fn a_server_silent_at_the_start_runs_into_the_time_out() {
    for steps in [0, 2] {
        let (listener, account) = listener().await;
        let mut script = cut_after(steps);
        script.push(Silence);
        let (_, outcome) = tokio::join!(serve(&listener, script), opened(&account, hasty()));
        assert_eq!(kind(outcome), FailureKind::Timeout);
    }
}

#[tokio::test]
async fn a_server_silent_at_a_mail_leaves_nothing_sent_before_354_and_unknown_after() {
    let short = hasty().command;
    for (steps, timeouts, expected) in [
        (6, Timeouts { command: short, ..patient() }, "offer: Lost"),
        (8, Timeouts { data: short, ..patient() }, "offer: Lost"),
        (10, Timeouts { final_dot: short, ..patient() }, "write: Lost"),
    ] {
        let (listener, account) = listener().await;
        let mut script = cut_after(steps);
        script.push(Silence);
        let (_, said) = tokio::join!(serve(&listener, script), carry(&account, timeouts));
        assert!(said.starts_with(expected) && said.ends_with("usable false"), "{steps}: {said}");
        assert!(said.contains("said nothing for 200 ms"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_trickles_a_reply_runs_into_the_same_time_out() {
    let (listener, account) = listener().await;
    let trickle = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        while socket.write_all(b"220-more\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let ((), outcome) = tokio::join!(trickle, opened(&account, hasty()));
    assert!(matches!(kind(outcome), FailureKind::Timeout | FailureKind::Protocol));
}

#[tokio::test]
async fn a_refusal_after_the_final_dot_is_definite_and_anything_else_is_unknown() {
    for (answer, expected) in [
        ("451 4.3.0 later\r\n", "write: Refused(Reply { stage: Final, code: 451"),
        ("554 5.7.1 spam\r\n", "write: Refused(Reply { stage: Final, code: 554"),
        ("354 what\r\n", "write: Lost"),
        ("hello\r\n", "write: Lost"),
        ("999 hello\r\n", "write: Lost"),
    ] {
        let (listener, account) = listener().await;
        let mut script = cut_after(10);
        script.push(Say(answer));
        let (_, said) = tokio::join!(serve(&listener, script), carry(&account, patient()));
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(said.ends_with("usable true"), expected.contains("Refused"), "{said}");
    }
}

#[tokio::test]
async fn a_reply_in_another_alphabet_and_of_many_lines_is_read() {
    let (listener, account) = listener().await;
    let refusal = b"550-5.1.1 Bo\xeete inconnue\r\n550-5.1.1 \xff\xfe\r\n550 5.1.1 fin\r\n503 no\r\n".to_vec();
    let script = pipelined(vec![Hear("MAIL"), Hear("RCPT"), Hear("DATA"), Say("250 ok\r\n"), Raw(refusal)]);
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        let Offer::Refused(reply) = session.offer(&envelope(), 8).await else { panic!("not refused") };
        assert!(session.usable());
        assert_eq!(reply.to_string(), "550 5.1.1 Bo\u{fffd}te inconnue \u{fffd}\u{fffd} fin");
    };
    tokio::join!(serve(&listener, script), client);
}

#[tokio::test]
async fn a_reply_without_end_is_cut_off() {
    for flood in [vec![b'2'; 80_000], b"220-x\r\n".repeat(20_000)] {
        let (listener, account) = listener().await;
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.write_all(&flood).await;
        };
        let ((), outcome) = tokio::join!(server, opened(&account, patient()));
        assert_eq!(kind(outcome), FailureKind::Protocol);
    }
}

#[tokio::test]
async fn a_long_line_is_kept_in_part() {
    let (listener, account) = listener().await;
    let mut banner = b"554 ".to_vec();
    banner.extend(vec![b'x'; 30_000]);
    banner.extend(b"\r\n");
    let (_, outcome) = tokio::join!(serve(&listener, vec![Raw(banner)]), opened(&account, patient()));
    let FailureKind::Refused(reply) = kind(outcome) else { panic!("not refused") };
    assert_eq!((reply.stage, reply.code, reply.text.len()), (Stage::Connect, 554, 1_000));
}

#[tokio::test]
async fn a_server_that_hung_up_while_nothing_was_asked_is_noticed_before_the_next_mail() {
    let (listener, account) = listener().await;
    let server = serve(&listener, pipelined(vec![Say("421 idle too long\r\n")]));
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        while !session.wire.hung_up() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(session.offer(&envelope(), 8).await, Offer::Lost(_)));
        assert!(!session.usable());
    };
    tokio::join!(server, client);
}

#[tokio::test]
async fn a_server_that_gives_up_inside_a_message_says_why_or_leaves_it_unknown() {
    for (last_words, expected) in [("452 4.3.1 disk full\r\n", "Refused"), ("", "Lost")] {
        let (listener, account) = listener().await;
        let (done, finished) = tokio::sync::oneshot::channel::<()>();
        let server = async {
            let (socket, _) = listener.accept().await.unwrap();
            let go = "250 ok\r\n250 ok\r\n354 go\r\n";
            let script = pipelined(vec![Hear("MAIL"), Hear("RCPT"), Hear("DATA"), Say(go), Hear("x"), Say(last_words)]);
            let (_deaf, _) = follow(socket, script).await;
            finished.await.unwrap();
        };
        let client = async {
            let mut session = Session::open(&account, &patient()).await.unwrap();
            assert_eq!(session.offer(&envelope(), 8).await, Offer::Ready);
            session.timeouts = Timeouts { block: hasty().block, quit: hasty().quit, ..patient() };
            // More than the network holds between two sockets of which one is not read: 64 lines of 1 MB.
            let message = [vec![b'x'; 1_000_000], b"\r\n".to_vec()].concat().repeat(64);
            let written = format!("{:?}", session.write(&message).await);
            done.send(()).unwrap();
            written
        };
        let ((), written) = tokio::join!(server, client);
        assert!(written.starts_with(expected), "{written}");
    }
}

#[tokio::test]
async fn a_session_dropped_inside_a_command_is_never_used_again() {
    let (listener, account) = listener().await;
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        let short = Duration::from_millis(50);
        assert!(tokio::time::timeout(short, session.offer(&envelope(), 8)).await.is_err());
        assert!(!session.usable());
        assert!(matches!(session.write(b"x").await, Written::Lost(_)));
    };
    tokio::join!(serve(&listener, pipelined(vec![Silence])), client);
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let (listener, account) = listener().await;
    drop(listener);
    let failure = Session::open(&account, &patient()).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.to_string().starts_with("connecting to 127.0.0.1:"), "{failure}");
}
