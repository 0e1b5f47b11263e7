use super::*;

const BOTH_FINE: &str = "250 ok\r\n250 ok\r\n354 go\r\n";

#[tokio::test]
async fn a_mail_costs_one_write_for_its_commands_and_one_for_itself() {
    let (listener, account) = listener().await;
    let script = pipelined(vec![
        Together(&[
            "MAIL FROM:<b+token@example.com> SIZE=8 BODY=8BITMIME\r\n",
            "RCPT TO:<lead@example.net>\r\n",
            "DATA\r\n",
        ]),
        Hear("MAIL"),
        Hear("RCPT"),
        Hear("DATA"),
        Say(BOTH_FINE),
        Together(&[".hidden\r\n..\r\n", "\r\n.\r\n"]),
        Message,
        Say("250 2.0.0 queued as A1\r\n"),
        Hear("QUIT"),
        Say("221 bye\r\n"),
    ]);
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        assert_eq!(session.offer(&envelope(), 8).await, Offer::Ready);
        assert!(!session.usable());
        let written = session.write(b"a\r\n\r\nx.hidden\r\n.\r\n").await;
        assert_eq!(written, Written::Accepted("250 2.0.0 queued as A1".to_owned()));
        assert!(session.usable());
        assert_eq!(session.sent(), 1);
        session.quit().await;
    };
    let (messages, ()) = tokio::join!(serve(&listener, script), client);
    assert_eq!(messages, ["a\r\n\r\nx.hidden\r\n..\r\n"]);
}

#[tokio::test]
async fn a_354_behind_a_refused_recipient_gets_a_lone_dot_and_the_connection_is_kept() {
    let (listener, account) = listener().await;
    let script = pipelined(vec![
        Hear("MAIL"),
        Hear("RCPT"),
        Hear("DATA"),
        Say("250 ok\r\n550 5.1.1 no such user\r\n354 go\r\n"),
        Hear(".\r\n"),
        Say("554 5.5.1 no valid recipients\r\n"),
        Together(&["RSET\r\n", "MAIL", "RCPT", "DATA"]),
        Hear("RSET"),
        Say("250 ok\r\n"),
        Hear("MAIL"),
        Hear("RCPT"),
        Hear("DATA"),
        Say(BOTH_FINE),
        Message,
        Say("250 ok\r\n"),
    ]);
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        let reply = refusal(session.offer(&envelope(), 8).await);
        assert_eq!((reply.stage, reply.code, reply.enhanced), (Stage::Rcpt, 550, Some((5, 1, 1))));
        assert!(session.usable());
        assert_eq!(session.offer(&envelope(), 8).await, Offer::Ready);
        assert_eq!(session.write(b"x\r\n").await, Written::Accepted("250 ok".to_owned()));
        assert_eq!(session.sent(), 1);
    };
    let (messages, ()) = tokio::join!(serve(&listener, script), client);
    assert_eq!(messages, ["x\r\n"]);
}

#[tokio::test]
async fn the_first_refusal_of_a_pipeline_is_the_one_that_counts() {
    for (answers, stage) in [
        ("550 5.7.1 no\r\n503 need MAIL\r\n503 need RCPT\r\n", Stage::Mail),
        ("250 ok\r\n450 4.2.0 grey\r\n503 need RCPT\r\n", Stage::Rcpt),
        ("250 ok\r\n250 ok\r\n451 4.3.0 later\r\n", Stage::Data),
    ] {
        let (listener, account) = listener().await;
        let script = pipelined(vec![Hear("MAIL"), Hear("RCPT"), Hear("DATA"), Say(answers), Silence]);
        let client = async {
            let mut session = Session::open(&account, &patient()).await.unwrap();
            assert_eq!(refusal(session.offer(&envelope(), 8).await).stage, stage);
            assert!(session.usable());
        };
        tokio::join!(serve(&listener, script), client);
    }
}

#[tokio::test]
async fn without_pipelining_each_command_waits_for_its_answer() {
    let (listener, account) = listener().await;
    let script = greeted(
        "250 plain\r\n",
        vec![
            Hear("MAIL FROM:<b+token@example.com>\r\n"),
            Say("250 ok\r\n"),
            Hear("RCPT"),
            Say("550 no\r\n"),
            Hear("RSET"),
            Say("250 ok\r\n"),
            Hear("MAIL"),
            Say("250 ok\r\n"),
            Hear("RCPT"),
            Say("251 will forward\r\n"),
            Hear("DATA"),
            Say("354 go\r\n"),
            Message,
            Say("250 ok\r\n"),
        ],
    );
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        assert_eq!(refusal(session.offer(&envelope(), 8).await).stage, Stage::Rcpt);
        assert_eq!(session.offer(&envelope(), 8).await, Offer::Ready);
        assert_eq!(session.write(b"x").await, Written::Accepted("250 ok".to_owned()));
    };
    tokio::join!(serve(&listener, script), client);
}

#[tokio::test]
async fn after_421_a_connection_is_not_used_again() {
    let (listener, account) = listener().await;
    let script = pipelined(vec![Hear("MAIL"), Hear("RCPT"), Hear("DATA"), Say("421 4.7.0 too many\r\n")]);
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        assert_eq!(refusal(session.offer(&envelope(), 8).await).code, 421);
        assert!(!session.usable());
        assert!(matches!(session.offer(&envelope(), 8).await, Offer::Lost(_)));
    };
    tokio::join!(serve(&listener, script), client);
}

#[tokio::test]
async fn what_the_server_cannot_take_is_refused_without_asking_it() {
    let (listener, account) = listener().await;
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        let mut ask = async |from: &str, to: &str, size| {
            let envelope = Envelope { from: from.to_owned(), to: to.to_owned() };
            let reply = refusal(session.offer(&envelope, size).await);
            assert!(session.usable());
            (reply.stage, reply.enhanced.unwrap())
        };
        assert_eq!(ask("a@example.com", "b@example.com", 10_001).await, (Stage::Mail, (5, 3, 4)));
        assert_eq!(ask("a@example.com", "b@x>\r\nRCPT TO:<c@x", 1).await, (Stage::Rcpt, (5, 1, 3)));
        assert_eq!(ask("a@example.com", "", 1).await, (Stage::Rcpt, (5, 1, 3)));
        assert_eq!(ask("a@x\r\nDATA", "b@example.com", 1).await, (Stage::Mail, (5, 1, 7)));
        assert_eq!(ask("a@example.com", "zoë@example.com", 1).await, (Stage::Rcpt, (5, 6, 7)));
        session.wire.close(patient().quit).await;
    };
    tokio::join!(serve(&listener, pipelined(vec![Nothing])), client);
}

#[tokio::test]
async fn an_address_that_is_not_ascii_asks_for_smtputf8() {
    let (listener, account) = listener().await;
    let script = greeted(
        "250-x\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n",
        vec![
            Hear("MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\n"),
            Say("250 ok\r\n"),
            Hear("RCPT TO:<zoë@example.com>\r\n"),
            Say("550 no\r\n"),
        ],
    );
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        let envelope = Envelope { from: String::new(), to: "zoë@example.com".to_owned() };
        assert_eq!(refusal(session.offer(&envelope, 1).await).code, 550);
    };
    tokio::join!(serve(&listener, script), client);
}

#[tokio::test]
async fn an_abandoned_message_sends_not_a_byte() {
    let (listener, account) = listener().await;
    let script = pipelined(vec![Hear("MAIL"), Hear("RCPT"), Hear("DATA"), Say(BOTH_FINE), Nothing]);
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        assert_eq!(session.offer(&envelope(), 8).await, Offer::Ready);
        session.abandon().await;
    };
    tokio::join!(serve(&listener, script), client);
}
