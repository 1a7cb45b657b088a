//! The cookies of the console: the session, the browser's own mark, and a short one while somebody is at the provider.
//!
//! `SameSite=Lax`: a link from a chat or a mail must find the session, a form or script of another site must not (RFC
//! 6265bis, 5.2). `__Host-` binds a cookie to this very host, and needs TLS.

use crate::app::App;
use crate::web::client;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use countersign_core::secret::SecretText;

/// A year; the mark says only that this browser was here.
const DEVICE_AGE_SECS: u32 = 31_536_000;

const fn session_name(https: bool) -> &'static str {
    if https { "__Host-cs_console" } else { "cs_console" }
}

const fn device_name(https: bool) -> &'static str {
    if https { "__Host-cs_console_device" } else { "cs_console_device" }
}

const fn provider_name(https: bool) -> &'static str {
    if https { "__Host-cs_console_provider" } else { "cs_console_provider" }
}

/// What the session's cookie says.
pub fn session(app: &App, headers: &HeaderMap) -> Option<SecretText> {
    client::cookie(headers, session_name(app.config.server.origin.is_https())).map(SecretText::new)
}

/// What the browser's mark says.
pub fn device(app: &App, headers: &HeaderMap) -> Option<String> {
    client::cookie(headers, device_name(app.config.server.origin.is_https()))
}

/// Gives the browser its session.
pub fn set_session(app: &App, response: Response, token: &SecretText) -> Response {
    let https = app.config.server.origin.is_https();
    set(response, session_name(https), token.expose(), "", https)
}

/// Gives the browser its mark.
pub fn set_device(app: &App, response: Response, token: &SecretText) -> Response {
    let https = app.config.server.origin.is_https();
    set(response, device_name(https), token.expose(), &format!("; Max-Age={DEVICE_AGE_SECS}"), https)
}

/// Takes the session away.
pub fn clear_session(app: &App, response: Response) -> Response {
    let https = app.config.server.origin.is_https();
    set(response, session_name(https), "", "; Max-Age=0", https)
}

/// What the browser keeps while its person is at the provider.
pub fn provider(app: &App, headers: &HeaderMap) -> Option<SecretText> {
    client::cookie(headers, provider_name(app.config.server.origin.is_https())).map(SecretText::new)
}

/// Gives the browser that, for as long as a sign-in elsewhere may take; zero takes it away. `Lax` is what makes it come along
/// when the provider sends the browser back.
pub fn set_provider(app: &App, response: Response, value: &str, max_age_secs: u64) -> Response {
    let https = app.config.server.origin.is_https();
    set(response, provider_name(https), value, &format!("; Max-Age={max_age_secs}"), https)
}

fn set(mut response: Response, name: &str, value: &str, age: &str, https: bool) -> Response {
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    match HeaderValue::from_str(&cookie) {
        Ok(value) => {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
        Err(_) => tracing::error!("a cookie could not be written"),
    }
    response
}
