//! Which certificates are believed: the system's, and those a workspace names for its own relay.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

/// The roots for outgoing TLS, read from the system at the first use and then kept.
#[derive(Default)]
pub struct Trust {
    extra: Vec<CertificateDer<'static>>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// The system's certificate store alone.
    pub fn system() -> Self {
        Self::default()
    }

    /// The system's store and the certificates of a PEM file; the error says what is wrong with the file.
    pub fn with_pem(pem: &[u8]) -> Result<Self, String> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let extra = read.map_err(|error| format!("the CA file is not PEM: {error}"))?;
        if extra.is_empty() {
            return Err("the CA file holds no certificate: it needs at least one BEGIN CERTIFICATE block".to_owned());
        }
        Ok(Self { extra, config: OnceLock::new() })
    }

    /// The TLS settings over these roots; fails where neither the system nor the file has a certificate.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let built = Arc::new(self.build().map_err(|error| {
            format!("{error}: install the system's CA certificates, or name a file of them for this account")
        })?);
        Ok(Arc::clone(self.config.get_or_init(|| built)))
    }

    fn build(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.extra.iter().cloned(), Arc::clone(&provider))?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust(system and {} more)", self.extra.len())
    }
}
