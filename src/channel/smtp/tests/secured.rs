use std::path::Path;
use std::process::Command;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate for `127.0.0.1` that nobody but its file vouches for.
struct Identity {
    acceptor: TlsAcceptor,
    pem: Vec<u8>,
}

fn identity() -> Option<Identity> {
    let folder = tempfile::tempdir().unwrap();
    let (key, cert) = (folder.path().join("key.pem"), folder.path().join("cert.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=relay", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("skipped: needs openssl");
        return None;
    }
    Some(read_identity(&key, &cert))
}

fn read_identity(key: &Path, cert: &Path) -> Identity {
    let chain = CertificateDer::pem_file_iter(cert).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap();
    Identity { acceptor: TlsAcceptor::from(Arc::new(config)), pem: std::fs::read(cert).unwrap() }
}

const INSIDE: &str = "250-x\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n";

/// Plain text up to STARTTLS, whose answer is `go`, then TLS and the script; false if the handshake failed.
async fn serve_start_tls(listener: &TcpListener, identity: &Identity, go: &'static str, inside: Vec<Step>) -> bool {
    let (socket, _) = listener.accept().await.unwrap();
    let outside = greeted("250-x\r\n250 STARTTLS\r\n", vec![Hear("STARTTLS\r\n"), Say(go)]);
    let (socket, _) = follow(socket, outside).await;
    let Ok(secured) = identity.acceptor.accept(socket).await else { return false };
    follow(secured, inside).await;
    true
}

fn with_login(mut account: Account, security: Security, pem: &[u8]) -> Account {
    account.security = security;
    account.trust = Arc::new(Trust::with_pem(pem).unwrap());
    account.credentials = Some(Credentials { user: "ann".to_owned(), password: SecretString::from("s3cret") });
    account
}

#[tokio::test]
async fn what_was_said_before_starttls_is_thrown_away() {
    let Some(identity) = identity() else { return };
    let (listener, account) = listener().await;
    let account = with_login(account, Security::StartTls, &identity.pem);
    // An attacker on the way adds answers that would be taken for the server's once the connection is secured.
    let go = "220 go\r\n250-x\r\n250-SIZE 1\r\n250 AUTH LOGIN\r\n";
    let inside = vec![
        Hear("EHLO"),
        Say(INSIDE),
        Hear("AUTH PLAIN AGFubgBzM2NyZXQ=\r\n"),
        Say("235 ok\r\n"),
        Hear("MAIL FROM:<b+token@example.com>\r\n"),
        Hear("RCPT"),
        Hear("DATA"),
        Say("250 ok\r\n250 ok\r\n354 go\r\n"),
        Message,
        Say("250 ok\r\n"),
    ];
    let client = async {
        let mut session = Session::open(&account, &patient()).await.unwrap();
        assert_eq!(session.offer(&envelope(), 8).await, Offer::Ready);
        assert_eq!(
            session.write(&b"0123456789abcdef\r\n".repeat(10_000)).await,
            Written::Accepted("250 ok".to_owned())
        );
    };
    assert!(tokio::join!(serve_start_tls(&listener, &identity, go, inside), client).0);
}

#[tokio::test]
async fn tls_from_the_first_byte_is_spoken_where_it_is_asked_for() {
    let Some(identity) = identity() else { return };
    let (listener, account) = listener().await;
    let account = with_login(account, Security::Implicit, &identity.pem);
    let server = async {
        let (socket, _) = listener.accept().await.unwrap();
        let secured = identity.acceptor.accept(socket).await.unwrap();
        follow(secured, greeted(INSIDE, vec![Hear("AUTH PLAIN"), Say("235 ok\r\n"), Hear("QUIT"), Say("221 bye\r\n")]))
            .await;
    };
    let client = async { Session::open(&account, &patient()).await.unwrap().quit().await };
    tokio::join!(server, client);
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_ends_the_connection_before_the_password() {
    let (Some(identity), Some(other)) = (identity(), identity()) else { return };
    let (listener, account) = listener().await;
    let account = with_login(account, Security::StartTls, &other.pem);
    let client = async { Session::open(&account, &patient()).await.err().unwrap() };
    let (secured, failure) = tokio::join!(serve_start_tls(&listener, &identity, "220 go\r\n", vec![Nothing]), client);
    assert!(!secured);
    assert_eq!(failure.kind, FailureKind::Tls);
    assert!(failure.text.contains("certificate"), "{failure}");
}

#[tokio::test]
async fn a_server_that_hides_starttls_gets_nothing() {
    let Some(identity) = identity() else { return };
    let (listener, account) = listener().await;
    let account = with_login(account, Security::StartTls, &identity.pem);
    let script = greeted("250-x\r\n250 AUTH PLAIN\r\n", vec![Nothing]);
    let client = async { Session::open(&account, &patient()).await.err().unwrap().kind };
    assert_eq!(tokio::join!(serve(&listener, script), client).1, FailureKind::Tls);
}

#[test]
fn a_ca_file_without_a_certificate_is_named_as_such() {
    assert!(Trust::with_pem(b"hello").unwrap_err().contains("BEGIN CERTIFICATE"));
}
