//! What a policy document denies, whatever its name: everything, everything to older sessions, or all but some calls. One that says more or less
//! than that is none.

use serde_json::Value;

/// Which deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Everything, whatever else.
    Everything,
    /// Everything to sessions that were issued before a time, as the console's "Revoke active sessions" writes it:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>.
    OlderSessions,
    /// Everything, or all calls but those that are named. Who is denied the latter isn't contained, and who takes it off gives rights back.
    Nearly,
}

/// Those that contain, or end sessions.
pub(super) const BOTH: [Denied; 2] = [Denied::Everything, Denied::OlderSessions];

/// Members of such a statement, as parts of a regular expression. A statement that IAM takes has effect, actions and resources: where it has no
/// others than these, it denies everything.
const PLAIN: &str =
    r#"("Sid"\s*:\s*"[^"]*"|"Effect"\s*:\s*"Deny"|"(Action|Resource)"\s*:\s*(\[\s*)?"\*"(\s*\])?)\s*,?\s*"#;
/// Calls that are spared, none of which is all of them.
const SPARED: &str = r#""NotAction"\s*:\s*\[?(\s*"\*?[^"*][^"]*"\s*,?)+\s*\]?\s*,?\s*"#;
const ISSUED: &str = r#""Condition"\s*:\s*\{\s*"DateLessThan"\s*:\s*\{\s*"aws:TokenIssueTime"\s*:\s*(\[\s*)?"[^"]*"(\s*\])?\s*\}\s*\}\s*,?\s*"#;

impl Denied {
    /// Whether a document has such a statement.
    pub(super) fn is_in(self, document: &str) -> bool {
        let Ok(document) = serde_json::from_str::<Value>(document) else {
            return false;
        };
        match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().any(|statement| self.is(statement)),
            Some(statement) => self.is(statement),
            None => false,
        }
    }

    fn is(self, statement: &Value) -> bool {
        let Some(members) = statement.as_object() else {
            return false;
        };
        let is_known = |name: &String| match name.as_str() {
            "Sid" | "Effect" | "Action" | "Resource" | "Condition" => true,
            "NotAction" => self == Denied::Nearly,
            _ => false,
        };
        let is_all = |name: &str| members.get(name).and_then(only) == Some("*");
        let denies = members.get("Effect").and_then(Value::as_str) == Some("Deny") && is_all("Resource");
        let are_these = match (members.get("Action"), members.get("NotAction")) {
            (Some(_), None) => is_all("Action"),
            (None, Some(spared)) => spares_some(spared),
            _ => false,
        };
        let has_condition = match (self, members.get("Condition")) {
            (Denied::Everything | Denied::Nearly, None) => true,
            (Denied::OlderSessions, Some(condition)) => is_of_issue(condition).unwrap_or_default(),
            _ => false,
        };
        members.keys().all(is_known) && denies && are_these && has_condition
    }

    /// The same as a regular expression that stands anywhere in the document's text; of documents that IAM takes it finds the same.
    pub(super) fn expression(self) -> String {
        match self {
            Denied::Everything => format!(r"\{{\s*({PLAIN})+\}}"),
            Denied::OlderSessions => format!(r"\{{\s*({PLAIN})*{ISSUED}({PLAIN})*\}}"),
            Denied::Nearly => format!(r"\{{\s*({PLAIN}|{SPARED})+\}}"),
        }
    }
}

/// Either of those that contain, or end sessions, as one regular expression: a statement has one condition, or none.
pub(super) fn either() -> String {
    format!(r"\{{\s*({PLAIN}|{ISSUED})+\}}")
}

/// Whether calls are named, none of which is all of them.
fn spares_some(value: &Value) -> bool {
    let names: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    let is_some = |name: &&Value| {
        let name = name.as_str().map(|name| name.strip_prefix('*').unwrap_or(name));
        name.is_some_and(|name| !name.is_empty() && !name.starts_with('*'))
    };
    !names.is_empty() && names.iter().all(is_some)
}

/// The one text that a member has, alone or as a list of one.
fn only(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => match items.as_slice() {
            [one] => one.as_str(),
            _ => None,
        },
        one => one.as_str(),
    }
}

/// Whether a condition compares when the session was issued, and nothing else.
fn is_of_issue(condition: &Value) -> Option<bool> {
    let operators = condition.as_object().filter(|operators| operators.len() == 1)?;
    let keys = operators
        .get("DateLessThan")?
        .as_object()
        .filter(|keys| keys.len() == 1)?;
    Some(keys.get("aws:TokenIssueTime").and_then(only).is_some())
}
