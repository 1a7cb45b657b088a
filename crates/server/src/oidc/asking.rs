//! The client with which openidconnect asks: ours.

use crate::config::is_private;
use crate::http::{Fault, Http};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use std::future::Future;
use std::pin::Pin;

/// More than any discovery document, key set or answer with many groups has.
const MOST_ANSWER: usize = 256 * 1024;

/// Asks a provider.
#[derive(Debug)]
pub(super) struct Asking(pub Http);

impl<'c> AsyncHttpClient<'c> for Asking {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl Asking {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let request = reqwest::Request::try_from(request).map_err(|_| Fault::Garbled("its address is none"))?;
        // The addresses stand in a document of the provider; codes and secrets go there over TLS only.
        if !is_private(request.url()) {
            return Err(Fault::Garbled("its address is not https"));
        }
        let reply = self.0.send(request, MOST_ANSWER).await?;
        let response = http::Response::builder().status(reply.status).header("content-type", reply.kind);
        response.body(reply.body).map_err(|_| Fault::Garbled("its header cannot be read"))
    }
}

/// A short text of somebody else, fit for a log.
pub(super) fn plain(text: &str) -> String {
    text.chars().take(60).filter(|c| c.is_ascii_graphic()).collect()
}
