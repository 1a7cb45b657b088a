//! openidconnect's types with claims of any name: groups stand in another one with each provider.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims,
    IdTokenFields, StandardErrorResponse, StandardTokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// More groups than this are nobody's.
const MOST_GROUPS: usize = 10_000;

/// Claims that the standard does not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl AdditionalClaims for Claims {}

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub(super) type IdToken =
    openidconnect::IdToken<Claims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

pub(super) type IdClaims = IdTokenClaims<Claims, CoreGenderClaim>;

pub(super) type UserClaims = UserInfoClaims<Claims, CoreGenderClaim>;

pub(super) type Refusal = StandardErrorResponse<CoreErrorResponseType>;

pub(super) type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    Refusal,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The groups in a claim, a list of texts or one text; `None` where there is no such claim.
pub(super) fn groups(claims: &Claims, claim: &str) -> Option<Vec<String>> {
    match claims.others.get(claim)? {
        Value::Array(all) => Some(all.iter().filter_map(Value::as_str).take(MOST_GROUPS).map(str::to_owned).collect()),
        Value::String(one) => Some(vec![one.clone()]),
        // A claim of another kind says nothing about groups.
        _ => Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_a_list_or_one() {
        let claims = |json: &str| serde_json::from_str::<Claims>(json).unwrap();
        let of = |json: &str| groups(&claims(json), "groups");
        assert_eq!(of(r#"{"groups":["a","b",3]}"#), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(of(r#"{"groups":"a"}"#), Some(vec!["a".to_owned()]));
        assert_eq!(of(r#"{"groups":{"a":true}}"#), Some(vec![]));
        assert_eq!(of(r#"{"roles":["a"]}"#), None);
    }
}
