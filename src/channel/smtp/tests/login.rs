use secrecy::SecretString;

use super::*;

async fn open_with(ehlo: &'static str, rest: Vec<Step>) -> Result<(), Failure> {
    let (listener, mut account) = listener().await;
    account.credentials = Some(Credentials { user: "ann".to_owned(), password: SecretString::from("s3cret") });
    let client = async { Session::open(&account, &patient()).await.map(drop) };
    tokio::join!(serve(&listener, greeted(ehlo, rest)), client).1
}

#[tokio::test]
async fn plain_is_used_where_it_is_offered() {
    let accepted = vec![Hear("AUTH PLAIN AGFubgBzM2NyZXQ=\r\n"), Say("235 ok\r\n")];
    assert_eq!(open_with("250-x\r\n250 AUTH LOGIN PLAIN\r\n", accepted).await, Ok(()));
}

#[tokio::test]
async fn login_is_used_where_nothing_else_is_offered() {
    let turns = vec![
        Hear("AUTH LOGIN\r\n"),
        Say("334 VXNlcm5hbWU6\r\n"),
        Hear("YW5u\r\n"),
        Say("334 UGFzc3dvcmQ6\r\n"),
        Hear("czNjcmV0\r\n"),
        Say("235 ok\r\n"),
    ];
    assert_eq!(open_with("250-x\r\n250 AUTH=LOGIN\r\n", turns).await, Ok(()));
}

#[tokio::test]
async fn a_refused_login_carries_the_servers_words_and_not_ours() {
    let refused = vec![Hear("AUTH PLAIN"), Say("535 5.7.8 bad credentials\r\n")];
    let failure = open_with("250-x\r\n250 AUTH PLAIN\r\n", refused).await.unwrap_err();
    assert_eq!(failure.to_string(), "logging in: 535 5.7.8 bad credentials");
    assert!(matches!(&failure.kind, FailureKind::Auth(Some(reply)) if reply.stage == Stage::Auth));
}

#[tokio::test]
async fn a_login_that_cannot_be_tried_says_what_is_offered() {
    let failure = open_with("250-x\r\n250 AUTH XOAUTH2 GSSAPI\r\n", vec![Nothing]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Auth(None));
    assert!(failure.text.contains("XOAUTH2, GSSAPI"), "{failure}");
    let failure = open_with("250 x\r\n", vec![Nothing]).await.unwrap_err();
    assert!(failure.text.contains("no login"), "{failure}");
}

#[tokio::test]
async fn a_server_without_ehlo_is_greeted_with_helo() {
    let (listener, account) = listener().await;
    let script = vec![
        Say("220 old\r\n"),
        Hear("EHLO client.example.com\r\n"),
        Say("502 what\r\n"),
        Hear("HELO client.example.com\r\n"),
        Say("250 old\r\n"),
        Hear("MAIL FROM:<b+token@example.com>\r\n"),
        Say("250 ok\r\n"),
        Hear("RCPT"),
        Say("450 later\r\n"),
    ];
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        assert_eq!(refusal(session.offer(&envelope(), 8).await).code, 450);
    };
    tokio::join!(serve(&listener, script), client);
}

#[tokio::test]
async fn a_greeting_of_refusal_is_kept_as_it_was_said() {
    for (banner, code) in [("421 4.7.0 busy\r\n", 421), ("554 no service\r\n", 554)] {
        let (listener, account) = listener().await;
        let (_, outcome) = tokio::join!(serve(&listener, vec![Say(banner)]), opened(&account, patient()));
        assert_eq!(outcome.err().and_then(|failure| failure.reply().map(|reply| reply.code)), Some(code));
    }
}
