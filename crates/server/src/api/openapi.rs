//! The API's description (OpenAPI 3.1), made from the handlers. `docs/openapi.json` is checked in and kept fresh by a test.

use super::call::respond_json;
use super::problem::{MEDIA_TYPE, ProblemBody};
use super::{
    accounts, care, check, cohorts, containments, evidence, evidence_audit, evidence_export, evidence_files, leaks,
    ops, passwords, recovery, redemption, uploads, verify,
};
use axum::response::Response;
use bytes::Bytes;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

/// The description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = "Account recovery that cannot be turned against people. Every error is a problem document \
                       (RFC 9457) with a stable `code`. No answer tells whether an account exists.",
    ),
    paths(
        recovery::request,
        recovery::prove,
        redemption::enter_code,
        redemption::inspect,
        redemption::redeem,
        redemption::disavow,
        redemption::cancel,
        accounts::sign_in,
        accounts::list,
        accounts::add_device,
        accounts::enrol_totp,
        accounts::enrol_recovery_codes,
        care::see,
        care::end_sessions,
        care::hold,
        care::release,
        check::one,
        check::many,
        check::password_set,
        leaks::of_account,
        leaks::list,
        leaks::see,
        leaks::withdraw,
        uploads::begin,
        uploads::see,
        uploads::send,
        uploads::confirm,
        uploads::finish,
        uploads::cancel,
        cohorts::preview,
        cohorts::make,
        cohorts::list,
        cohorts::see,
        cohorts::accounts,
        containments::preview,
        containments::put,
        containments::list,
        containments::lift,
        containments::release,
        verify::verify,
        verify::proof,
        passwords::check,
        passwords::range,
        evidence::status,
        evidence_audit::audit,
        evidence::list,
        evidence::one,
        evidence::erase,
        evidence_export::export,
        evidence_files::checkpoint,
        evidence_files::rotations,
        evidence_files::tile,
        describe,
        ops::healthz,
        ops::readyz,
        ops::metrics,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Common),
    tags(
        (name = "recovery", description = "From \"forgot password\" to a new one."),
        (name = "accounts", description = "For people who are signed in, or sign in."),
        (name = "messages", description = "\"Is this message from you?\""),
        (name = "passwords", description = "Has this password leaked?"),
        (name = "exposure", description = "A leak appears: whose data is it, and what is done about it?"),
        (name = "evidence", description = "The log that outsiders can check (C2SP tlog-tiles)."),
        (name = "operation", description = "For whoever runs the server."),
    ),
)]
struct Description;

/// The description as JSON, as it is checked in.
pub fn text() -> String {
    let mut text = Description::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// This description
#[utoipa::path(get, path = "/v1/openapi.json", operation_id = "describe", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = serde_json::Value)))]
pub async fn describe() -> Response {
    static TEXT: std::sync::LazyLock<Bytes> = std::sync::LazyLock::new(|| text().into());
    respond_json(TEXT.clone())
}

/// What most operations have in common, put in once.
struct Common;

/// Errors of every operation with a key.
const WITH_KEY: [(u16, &str); 4] = [
    (401, "`api_key_missing`, `api_key_invalid`, or `sign_in_failed`."),
    (403, "`scope_missing`: the key may not do this."),
    (500, "`internal`: our fault; nothing was changed."),
    (503, "`unavailable` or `timed_out`: ask again."),
];

/// POSTs that look at no idempotency key, because nothing of them is to be remembered.
const UNKEPT: [&str; 3] = ["check_password", "check_account", "check_accounts"];

/// Errors of every operation with a body.
const WITH_BODY: [(u16, &str); 7] = [
    (400, "`json_malformed`, `body_cut`, `idempotency_key_invalid`."),
    (408, "`body_timeout`: the body did not arrive in time."),
    (409, "`idempotency_key_in_use`: the first request with this key is still being answered."),
    (413, "`body_too_large`."),
    (415, "`not_json`."),
    (422, "A field cannot be used, and `field` names it; or `idempotency_key_reused`."),
    (429, "`rate_limited`: too many requests from one source. It says nothing about any account."),
];

impl Modify for Common {
    fn modify(&self, doc: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("csk_…");
        let scheme = scheme.description(Some("An API key; the names beside it are the scopes that it needs."));
        let components = doc.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(scheme.build()));
        for item in doc.paths.paths.values_mut() {
            operations(item).for_each(|(method, operation)| complete(&method, operation));
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let post = item.post.as_mut().map(|operation| (HttpMethod::Post, operation));
    let get = item.get.as_mut().map(|operation| (HttpMethod::Get, operation));
    let patch = item.patch.as_mut().map(|operation| (HttpMethod::Patch, operation));
    post.into_iter().chain(get).chain(patch)
}

fn complete(method: &HttpMethod, operation: &mut Operation) {
    if operation.security.is_some() {
        add_errors(operation, &WITH_KEY);
    }
    if *method == HttpMethod::Post {
        add_errors(operation, &WITH_BODY);
    }
    if *method == HttpMethod::Post && !operation.operation_id.as_deref().is_some_and(|id| UNKEPT.contains(&id)) {
        operation.parameters.get_or_insert_default().push(idempotency_key().into());
    }
    let errors = operation.responses.responses.iter_mut().filter(|(status, _)| status.as_str() >= "400");
    for (status, response) in errors {
        if let RefOr::T(response) = response {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            response.content = [(MEDIA_TYPE.to_owned(), content.into())].into_iter().collect();
            add_headers(status, response);
        }
    }
}

fn add_errors(operation: &mut Operation, errors: &[(u16, &str)]) {
    for (status, description) in errors {
        let response = ResponseBuilder::new().description(*description).build();
        operation.responses.responses.entry(status.to_string()).or_insert(response.into());
    }
}

fn add_headers(status: &str, response: &mut utoipa::openapi::Response) {
    let (name, description, kind) = match status {
        "401" => ("WWW-Authenticate", "How to authenticate (RFC 6750).", Type::String),
        "429" | "503" => ("Retry-After", "Seconds after which to ask again.", Type::Integer),
        _ => return,
    };
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(kind));
    let header = HeaderBuilder::new().description(Some(description)).schema(Some(schema)).build();
    response.headers.insert(name.to_owned(), header.into());
}

fn idempotency_key() -> utoipa::openapi::path::Parameter {
    let description = "Makes it safe to send the request again: the same key with the same body gets the first answer, \
                       for a day. A structured string or bare text (draft-ietf-httpapi-idempotency-key-header).";
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).pattern(Some("^[!-~]{1,255}$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(utoipa::openapi::Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
