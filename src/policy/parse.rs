//! From text to a document, with line and column of what is wrong.

use super::PolicyKind;
use super::condition::Condition;
use super::document::{Document, Effect, Listed, Named, PolicyError, Statement, Version};
use super::pattern::{ActionPattern, ResourcePattern};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

impl Document {
    /// Reads a document and checks its grammar. An operator that this program doesn't know is kept: evaluation says so.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
    ///
    /// # Errors
    /// The first thing that IAM would refuse, with line and column.
    pub fn parse(text: &str) -> Result<Document, PolicyError> {
        Document::read(text, None)
    }

    /// The same, checked also for what IAM asks of that kind of policy: who may and must name principals and resources.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    ///
    /// # Errors
    /// The first thing that IAM would refuse, with line and column.
    pub fn parse_as(text: &str, kind: PolicyKind) -> Result<Document, PolicyError> {
        Document::read(text, Some(kind))
    }

    fn read(text: &str, kind: Option<PolicyKind>) -> Result<Document, PolicyError> {
        let whole: &RawValue = serde_json::from_str(text).map_err(|error| PolicyError {
            line: error.line().max(1),
            column: error.column().max(1),
            message: without_place(&error.to_string()),
            unknown_element: false,
        })?;
        let reader = Reader { text, kind };
        reader.document(whole)
    }
}

/// The message of serde_json without its line and column, which are told beside it.
fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Line and column, both from 1, at which `part` begins, which is a slice of `text`.
pub(crate) fn place_in(text: &str, part: &str) -> (usize, usize) {
    // The distance of their beginnings is the place.
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

struct Reader<'t> {
    text: &'t str,
    kind: Option<PolicyKind>,
}

/// The members of an object in order, duplicates kept.
pub(crate) struct Members<'t>(pub(crate) Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl<'t> Reader<'t> {
    fn error(&self, at: &RawValue, message: impl Into<String>) -> PolicyError {
        let (line, column) = place_in(self.text, at.get());
        PolicyError {
            line,
            column,
            message: message.into(),
            unknown_element: false,
        }
    }

    fn unknown_element(&self, at: &RawValue, message: String) -> PolicyError {
        PolicyError {
            unknown_element: true,
            ..self.error(at, message)
        }
    }

    fn members(&self, raw: &'t RawValue, what: &str) -> Result<Vec<(String, &'t RawValue)>, PolicyError> {
        let Members(members) =
            serde_json::from_str(raw.get()).map_err(|_| self.error(raw, format!("{what} must be an object")))?;
        for (n, (name, value)) in members.iter().enumerate() {
            if members.iter().take(n).any(|(earlier, _)| earlier == name) {
                return Err(self.error(value, format!("`{name}` is there twice")));
            }
        }
        Ok(members)
    }

    /// One value or a list of them.
    fn each(&self, raw: &'t RawValue) -> Vec<&'t RawValue> {
        serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_else(|_| vec![raw])
    }

    fn text(&self, raw: &'t RawValue, what: &str) -> Result<String, PolicyError> {
        serde_json::from_str(raw.get()).map_err(|_| self.error(raw, format!("{what} must be a text")))
    }

    /// One text or a list of texts, at least one.
    fn texts(&self, raw: &'t RawValue, what: &str) -> Result<Vec<String>, PolicyError> {
        let texts: Result<Vec<String>, _> = self.each(raw).into_iter().map(|one| self.text(one, what)).collect();
        match texts? {
            empty if empty.is_empty() => Err(self.error(raw, format!("{what} must not be empty"))),
            texts => Ok(texts),
        }
    }

    fn document(&self, raw: &'t RawValue) -> Result<Document, PolicyError> {
        let (mut version, mut id, mut written) = (None, None, None);
        for (name, value) in self.members(raw, "a policy")? {
            match name.as_str() {
                "Version" => {
                    version = Some(match self.text(value, "`Version`")?.as_str() {
                        "2012-10-17" => Version::V2012,
                        "2008-10-17" => Version::V2008,
                        other => return Err(self.error(value, format!("there is no version `{other}`"))),
                    });
                }
                "Id" => id = Some(self.text(value, "`Id`")?),
                "Statement" => written = Some(value),
                other => return Err(self.unknown_element(value, format!("a policy has no element `{other}`"))),
            }
        }
        let written = written.ok_or_else(|| self.error(raw, "a policy needs a `Statement`"))?;
        // The version may stand behind the statements, and says how they are read.
        let variables = version == Some(Version::V2012);
        let mut statements: Vec<Statement> = Vec::new();
        for one in self.each(written) {
            let statement = self.statement(one, variables)?;
            let sid = statement.sid.as_ref().filter(|sid| !sid.is_empty());
            if sid.is_some() && statements.iter().any(|earlier| earlier.sid.as_ref() == sid) {
                return Err(self.error(one, "two statements have the same `Sid`"));
            }
            self.fits_kind(one, &statement)?;
            statements.push(statement);
        }
        if statements.is_empty() {
            return Err(self.error(raw, "a policy needs a `Statement`"));
        }
        Ok(Document {
            version,
            id,
            statements,
        })
    }

    /// What IAM asks of a statement in a policy of this kind.
    fn fits_kind(&self, raw: &'t RawValue, statement: &Statement) -> Result<(), PolicyError> {
        let Some(kind) = self.kind else {
            return Ok(());
        };
        let principal = statement.principal.as_ref();
        let wrong = match kind {
            PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session | PolicyKind::ServiceControl => {
                match (principal, &statement.resources) {
                    (Some(_), _) => Some("this kind of policy names no principals"),
                    (None, None) => Some("a statement needs a `Resource` or `NotResource`"),
                    (None, Some(_)) => None,
                }
            }
            PolicyKind::ResourceControl => {
                let everybody = matches!(principal, Some(Listed::These(named)) if *named == [Named::Everybody]);
                (!everybody).then_some("a resource control policy has the principal `*`")
            }
            PolicyKind::Resource => match principal {
                None => Some("a resource-based policy names principals"),
                Some(Listed::AllBut(_)) if statement.effect == Effect::Allow => {
                    Some("`NotPrincipal` stands with `Deny` only")
                }
                Some(_) => None,
            },
        };
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>
        let sid = statement.sid.as_ref().filter(|_| kind != PolicyKind::Resource);
        let wrong = wrong.or_else(|| {
            let letters = sid.is_none_or(|sid| sid.bytes().all(|b| b.is_ascii_alphanumeric()));
            (!letters).then_some("a `Sid` is of letters and digits only")
        });
        let odd = || statement.odd_pattern().filter(|_| kind != PolicyKind::Resource);
        match wrong.map(str::to_owned).or_else(odd) {
            Some(message) => Err(self.error(raw, message)),
            None => Ok(()),
        }
    }

    fn statement(&self, raw: &'t RawValue, variables: bool) -> Result<Statement, PolicyError> {
        let mut sid = None;
        let mut effect = None;
        let (mut principal, mut actions, mut resources) = (None, None, None);
        let mut conditions = Vec::new();
        for (name, value) in self.members(raw, "a statement")? {
            let twice = || self.error(value, format!("`{name}` and its opposite cannot stand together"));
            match name.as_str() {
                "Sid" => sid = Some(self.text(value, "`Sid`")?),
                "Effect" => {
                    effect = Some(match self.text(value, "`Effect`")?.as_str() {
                        "Allow" => Effect::Allow,
                        "Deny" => Effect::Deny,
                        other => return Err(self.error(value, format!("`Effect` cannot be `{other}`"))),
                    });
                }
                "Principal" | "NotPrincipal" => {
                    let named = listed(&name, self.named(value)?);
                    if principal.replace(named).is_some() {
                        return Err(twice());
                    }
                }
                "Action" | "NotAction" => {
                    if actions.replace(listed(&name, self.actions(value)?)).is_some() {
                        return Err(twice());
                    }
                }
                "Resource" | "NotResource" => {
                    let patterns = self.texts(value, "a resource")?;
                    let patterns = patterns.iter().map(|text| ResourcePattern::new(text, variables));
                    let named = listed(&name, patterns.collect());
                    if resources.replace(named).is_some() {
                        return Err(twice());
                    }
                }
                "Condition" => conditions = self.conditions(value, variables)?,
                other => return Err(self.unknown_element(value, format!("a statement has no element `{other}`"))),
            }
        }
        Ok(Statement {
            sid,
            effect: effect.ok_or_else(|| self.error(raw, "a statement needs an `Effect`"))?,
            principal,
            actions: actions.ok_or_else(|| self.error(raw, "a statement needs an `Action` or `NotAction`"))?,
            resources,
            conditions,
        })
    }

    fn actions(&self, raw: &'t RawValue) -> Result<Vec<ActionPattern>, PolicyError> {
        let actions = self.texts(raw, "an action")?;
        let named = |action: &str| {
            let parts = action.split_once(':');
            parts.is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
        };
        match actions.iter().find(|action| *action != "*" && !named(action)) {
            Some(odd) => Err(self.error(raw, format!("`{odd}` is no action: service:Name"))),
            None => Ok(actions.iter().map(|action| ActionPattern::new(action)).collect()),
        }
    }

    fn named(&self, raw: &'t RawValue) -> Result<Vec<Named>, PolicyError> {
        if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
            return match text.as_str() {
                "*" => Ok(vec![Named::Everybody]),
                _ => Err(self.error(raw, "a principal is `*` or an object such as {\"AWS\": ...}")),
            };
        }
        let mut named = Vec::new();
        for (kind, value) in self.members(raw, "a principal")? {
            let texts = self.texts(value, "a principal")?;
            let make: fn(String) -> Named = match kind.as_str() {
                "AWS" => |text| {
                    if text == "*" {
                        Named::Everybody
                    } else {
                        Named::Aws(text)
                    }
                },
                "Service" => Named::Service,
                "Federated" => Named::Federated,
                "CanonicalUser" => Named::CanonicalUser,
                other => return Err(self.error(value, format!("there is no kind of principal `{other}`"))),
            };
            named.extend(texts.into_iter().map(make));
        }
        if named.is_empty() {
            return Err(self.error(raw, "a principal names nobody"));
        }
        Ok(named)
    }

    fn conditions(&self, raw: &'t RawValue, variables: bool) -> Result<Vec<Condition>, PolicyError> {
        let mut conditions = Vec::new();
        for (operator, keys) in self.members(raw, "`Condition`")? {
            for (key, values) in self.members(keys, "a condition")? {
                let values = self.values(values)?;
                conditions.push(Condition::new(operator.clone(), key, values, variables));
            }
        }
        Ok(conditions)
    }

    /// Values of a condition: texts, and numbers and booleans in their JSON spelling, which IAM accepts too.
    fn values(&self, raw: &'t RawValue) -> Result<Vec<String>, PolicyError> {
        let value = |one: &'t RawValue| match serde_json::from_str::<serde_json::Value>(one.get()) {
            Ok(serde_json::Value::String(text)) => Ok(text),
            Ok(scalar @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_))) => Ok(scalar.to_string()),
            _ => Err(self.error(one, "a condition's value must be a text, a number or a boolean")),
        };
        self.each(raw).into_iter().map(value).collect()
    }
}

fn listed<T>(element: &str, list: T) -> Listed<T> {
    if element.starts_with("Not") {
        Listed::AllBut(list)
    } else {
        Listed::These(list)
    }
}
