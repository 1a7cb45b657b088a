//! One HTTP client for everybody that we ask: TLS by rustls with ring, no redirects, no proxy, answers up to a size.
//!
//! Never: follows a redirect; takes more of an answer than was asked for; says an address in an error.
//! In: addresses, bodies, limits.   Out: a reply, or why there is none.
//! I/O for this room: this is it.   Tests: beside the code, tests/it/attest/.

use reqwest::{Client, RequestBuilder, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// For the connection with TLS.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Most of a refusal's text that is kept, in characters.
const MOST_SAID: usize = 200;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No answer, or not all of it, within the time.
    #[error("no answer in time")]
    TimedOut,
    /// No connection: name, network or certificate.
    #[error("no connection")]
    NoConnection,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// More than was asked for.
    #[error("the answer is too long")]
    TooLong,
    /// Another status than one that is expected here.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// An answer that is none.
    #[error("the answer cannot be read: {0}")]
    Garbled(&'static str),
}

/// The extra certificates cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the extra CA file holds no certificate in PEM form, or one that is broken")]
pub struct BadCa;

/// The client; clones share its connections.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
}

/// An answer of bounded size.
pub(crate) struct Reply {
    pub status: u16,
    /// Without parameters, in lower case.
    pub kind: String,
    pub body: Vec<u8>,
}

impl Http {
    /// A client that trusts the public certificates (Mozilla's) and those of `ca_pem`. `within` is for one request with
    /// its whole answer.
    ///
    /// # Errors
    /// [`BadCa`].
    pub fn new(ca_pem: Option<&[u8]>, within: Duration) -> Result<Self, BadCa> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        // The provider is ring's own, which has suites for both versions of TLS.
        let Ok(versions) = versions else { unreachable!("ring has suites for TLS 1.2 and 1.3") };
        let tls = versions.with_root_certificates(roots(ca_pem)?).with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_WITHIN.min(within))
            .timeout(within)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build();
        let Ok(client) = client else { unreachable!("every setting above is a constant that reqwest takes") };
        Ok(Self { client })
    }

    pub(crate) async fn get(&self, url: Url, most: usize) -> Result<Reply, Fault> {
        exchange(self.client.get(url), most).await
    }

    pub(crate) async fn send(&self, request: reqwest::Request, most: usize) -> Result<Reply, Fault> {
        exchange(RequestBuilder::from_parts(self.client.clone(), request), most).await
    }

    pub(crate) async fn post(&self, url: Url, kind: &str, body: Vec<u8>, most: usize) -> Result<Reply, Fault> {
        exchange(self.client.post(url).header("content-type", kind).body(body), most).await
    }
}

fn roots(ca_pem: Option<&[u8]>) -> Result<RootCertStore, BadCa> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(pem) = ca_pem else { return Ok(roots) };
    let public = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|_| BadCa)?).map_err(|_| BadCa)?;
    }
    if roots.len() == public { Err(BadCa) } else { Ok(roots) }
}

async fn exchange(request: RequestBuilder, most: usize) -> Result<Reply, Fault> {
    let mut response = request.send().await.map_err(|error| fault(&error))?;
    let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| fault(&error))? {
        if body.len() + chunk.len() > most {
            return Err(Fault::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status: response.status().as_u16(), kind, body })
}

/// Without reqwest's own text, which names the address.
fn fault(error: &reqwest::Error) -> Fault {
    match (error.is_timeout(), error.is_connect()) {
        (true, _) => Fault::TimedOut,
        (_, true) => Fault::NoConnection,
        _ => Fault::Broken,
    }
}

impl Reply {
    pub(crate) fn text(&self) -> Result<&str, Fault> {
        std::str::from_utf8(&self.body).map_err(|_| Fault::Garbled("it is not UTF-8"))
    }

    /// What a refusal says, fit for a log: the beginning, printable ASCII only.
    pub(crate) fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let plain = text.chars().take(MOST_SAID).map(|c| if c.is_ascii_graphic() { c } else { ' ' });
        plain.collect::<String>().trim().to_owned()
    }
}

/// An address of somebody whom we ask, without a slash at its end; `None` unless it is http or https, has a host, and
/// nothing behind the path and no login in it.
pub(crate) fn prefix(address: &str) -> Option<Url> {
    let mut url = Url::parse(address).ok()?;
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let fits = matches!(url.scheme(), "http" | "https") && url.has_host() && plain;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    fits.then_some(url)
}

/// `path` below `prefix`.
pub(crate) fn below(prefix: &Url, path: &str) -> Url {
    let mut url = prefix.clone();
    url.set_path(&format!("{}/{path}", prefix.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly_and_extended_by_a_path() {
        for (address, there) in [
            ("https://witness.example.org", "https://witness.example.org/add-checkpoint"),
            ("https://witness.example.org/", "https://witness.example.org/add-checkpoint"),
            ("http://192.0.2.1:8090/w/1/", "http://192.0.2.1:8090/w/1/add-checkpoint"),
        ] {
            assert_eq!(below(&prefix(address).unwrap(), "add-checkpoint").as_str(), there);
        }
        for address in
            ["", "witness.example.org", "ftp://a/", "https://u:p@a/", "https://a/?x", "https://a/#x", "mailto:a"]
        {
            assert!(prefix(address).is_none(), "{address}");
        }
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        for pem in [&b""[..], b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(Http::new(Some(pem), Duration::from_secs(1)).is_err());
        }
        assert!(Http::new(None, Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn what_a_refusal_says_is_fit_for_a_log() {
        let reply =
            Reply { status: 400, kind: String::new(), body: format!("no\u{1b}[31m\n{}", "x".repeat(900)).into() };
        let said = reply.said();
        assert!(said.len() <= MOST_SAID && said.starts_with("no [31m x"), "{said}");
    }
}
