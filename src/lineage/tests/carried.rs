//! What sessions carry: tags and the source identity.

use super::*;
use crate::account::Session;

const AT: &str = "2026-03-24T09:06:00Z";

fn session(records: &[Value], asked: &AccessKeyId, of: &AccessKeyId) -> Session {
    let lineage = trace(&evidence(records), asked);
    lineage.member(of).unwrap().session().unwrap()
}

fn tags(session: &Session) -> Vec<(&str, &str)> {
    session
        .tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

/// A mint through an identity provider, which no key asked for.
fn by_saml(gives: &AccessKeyId) -> Value {
    let mut record = mint("s1", AT, gives, "u", "AssumeRoleWithSAML", gives);
    record["userIdentity"] =
        json!({"type": "SAMLUser", "principalId": "x:mary", "userName": "mary", "identityProvider": "x"});
    record["requestParameters"]["principalTags"] = json!({"team": "sec", "level": "1"});
    record["requestParameters"]["transitiveTagKeys"] = json!(["team"]);
    record
}

#[test]
fn an_origin_has_the_tags_that_its_identity_provider_passed() {
    let c = key("ASIAC");
    let found = session(&[by_saml(&c), use_by_role("2", &c, AT)], &c, &c);
    assert_eq!(tags(&found), [("level", "1"), ("team", "sec")]);
    assert!(!found.is_untold);
}

#[test]
fn a_session_without_a_mint_has_tags_that_are_not_known() {
    let c = key("ASIAC");
    let found = session(&[use_by_role("2", &c, AT)], &c, &c);
    assert!(found.is_untold && found.tags.is_empty());
}

#[test]
fn the_source_identity_stands_in_the_session_s_own_calls() {
    let c = key("ASIAC");
    let mut used = use_by_role("2", &c, AT);
    used["userIdentity"]["sessionContext"]["sourceIdentity"] = json!("mary");
    let found = session(&[by_saml(&c), used], &c, &c);
    assert_eq!(found.source_identity.as_deref(), Some("mary"));
}

/// Transitive tags go on from session to session, and nobody can pass others in their place.
#[test]
fn transitive_tags_go_on() {
    let [c, d] = ["ASIAC", "ASIAD"].map(key);
    let mut chained = mint("3", "2026-03-24T09:20:00Z", &c, "u", "AssumeRole", &d);
    chained["userIdentity"] = use_by_role("", &c, AT)["userIdentity"].clone();
    chained["requestParameters"]["tags"] = json!([{"key": "team", "value": "other"}, {"key": "own", "value": "x"}]);
    let found = session(&[by_saml(&c), chained.clone()], &c, &d);
    assert_eq!(tags(&found), [("own", "x"), ("team", "sec")]);
    assert!(!found.is_untold);
    // Of one whose mint isn't known nobody knows what goes on, unless the record tells.
    let found = session(&[use_by_role("2", &c, AT), chained.clone()], &c, &d);
    assert!(found.is_untold);
    chained["requestParameters"]["incomingTransitiveTags"] = json!({"team": "sec"});
    let found = session(&[use_by_role("2", &c, AT), chained], &c, &d);
    assert_eq!(
        (tags(&found), found.is_untold),
        (vec![("own", "x"), ("team", "sec")], false)
    );
}
