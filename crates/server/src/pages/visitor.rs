//! What a handler knows about a visit before it does anything: language, client, and how to answer.

use super::accent::Accent;
use super::notices;
use super::view::{Help, Notice, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::flows::client::Client;
use crate::text::Locale;
use crate::web::client;
use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Nobody's address: a request that came over no socket (a test) is one client.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// One visit.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// What its pages have in common.
    pub visit: Visit,
    /// Who asks.
    pub client: Client,
}

impl Visitor {
    fn of(parts: &Parts, app: &App) -> Self {
        let config = &app.config;
        let chosen = chosen_locale(parts.uri.query().unwrap_or_default());
        let locale = client::locale(chosen, &parts.headers, config.site.default_locale);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(NOWHERE, |peer| peer.0.ip());
        let client = Client {
            ip: client::client_ip(peer, &parts.headers, |ip| config.server.trusts(ip)),
            user_agent: client::user_agent(&parts.headers),
            device: client::cookie(&parts.headers, device_cookie(app)),
            locale: Some(locale),
        };
        let accent = parts.extensions.get::<Accent>().map(|accent| accent.url.clone());
        let site = config.site.name.clone();
        let visit = Visit { locale, chosen: chosen.is_some(), site, help: help(app), accent };
        Self { visit, client }
    }

    /// The page for an error of a flow. What only the log may hold goes there.
    pub fn refuse(&self, error: &AppError) -> Response {
        if let Some(internal) = &error.internal {
            tracing::error!(code = error.code, error = %internal, "a page could not be answered");
        }
        let wait = error.retry_after.map(|wait| wait.as_secs().max(1));
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = show(status, &self.problem(status, wait));
        if let Some(secs) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }

    fn problem(&self, status: StatusCode, wait: Option<u64>) -> Notice {
        let name = match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                "bad_request"
            }
            StatusCode::FORBIDDEN => "foreign",
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::TOO_MANY_REQUESTS => "too_many",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "internal",
        };
        notices::problem(&self.visit, name, wait)
    }

    /// The page for a status that HTTP itself calls for.
    pub fn plain(&self, status: StatusCode) -> Response {
        show(status, &self.problem(status, None))
    }
}

/// A rendered page.
pub fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The language of `?lang=`.
fn chosen_locale(query: &str) -> Option<Locale> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("lang="))?;
    Locale::from_tag(value)
}

fn help(app: &App) -> Option<Help> {
    let site = &app.config.site;
    let help =
        Help { url: site.support_url.clone().unwrap_or_default(), contact: site.contact.clone().unwrap_or_default() };
    (!help.url.is_empty() || !help.contact.is_empty()).then_some(help)
}

/// The known-device cookie. The `__Host-` prefix binds it to this very host, and needs TLS (RFC 6265bis, 4.1.3.2).
pub fn device_cookie(app: &App) -> &'static str {
    if app.config.server.origin.is_https() { "__Host-cs_device" } else { "cs_device" }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(parts, app))
    }
}

/// A form that was posted; one that cannot be read becomes a page that says so.
pub struct Posted<T>(pub Visitor, pub T);

impl<T: DeserializeOwned> FromRequest<App> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let visitor = Visitor::of(&parts, app);
        match Form::<T>::from_request(Request::from_parts(parts, body), app).await {
            Ok(Form(fields)) => Ok(Self(visitor, fields)),
            Err(rejection) => Err(visitor.plain(status_of(&rejection))),
        }
    }
}

fn status_of(rejection: &FormRejection) -> StatusCode {
    match rejection.status() {
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => StatusCode::BAD_REQUEST,
        status => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_read_from_the_query() {
        assert_eq!(chosen_locale("lang=ar"), Some(Locale::Ar));
        assert_eq!(chosen_locale("a=b&lang=de-AT"), Some(Locale::De));
        assert_eq!(chosen_locale("slang=ar"), None);
        assert_eq!(chosen_locale("lang=tlh"), None);
    }
}
