//! From text to a document, with line and column of what is wrong.

use super::document::{Condition, Document, Effect, Listed, Named, PolicyError, Statement};
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
        let whole: &RawValue = serde_json::from_str(text).map_err(|error| PolicyError {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        })?;
        Reader { text }.document(whole)
    }
}

struct Reader<'t> {
    text: &'t str,
}

/// The members of an object in order, duplicates kept.
struct Members<'t>(Vec<(String, &'t RawValue)>);

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
        // The raw value is a slice of the text: the distance of their beginnings is the place.
        let offset = (at.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..offset).unwrap_or(self.text);
        PolicyError {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            message: message.into(),
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
        let mut variables = false;
        let mut statements = None;
        for (name, value) in self.members(raw, "a policy")? {
            match name.as_str() {
                "Version" => match self.text(value, "`Version`")?.as_str() {
                    "2012-10-17" => variables = true,
                    "2008-10-17" => {}
                    other => return Err(self.error(value, format!("there is no version `{other}`"))),
                },
                "Id" => drop(self.text(value, "`Id`")?),
                "Statement" => {
                    let each = self.each(value).into_iter().map(|one| self.statement(one));
                    statements = Some(each.collect::<Result<Vec<_>, _>>()?);
                }
                other => return Err(self.error(value, format!("a policy has no element `{other}`"))),
            }
        }
        match statements {
            Some(statements) if !statements.is_empty() => Ok(Document { variables, statements }),
            _ => Err(self.error(raw, "a policy needs a `Statement`")),
        }
    }

    fn statement(&self, raw: &'t RawValue) -> Result<Statement, PolicyError> {
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
                    let named = listed(&name, self.texts(value, "a resource")?);
                    if resources.replace(named).is_some() {
                        return Err(twice());
                    }
                }
                "Condition" => conditions = self.conditions(value)?,
                other => return Err(self.error(value, format!("a statement has no element `{other}`"))),
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

    fn actions(&self, raw: &'t RawValue) -> Result<Vec<String>, PolicyError> {
        let actions = self.texts(raw, "an action")?;
        match actions.iter().find(|action| *action != "*" && !action.contains(':')) {
            Some(odd) => Err(self.error(raw, format!("`{odd}` is no action: service:Name"))),
            None => Ok(actions),
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
                "Federated" | "CanonicalUser" => Named::Other,
                other => return Err(self.error(value, format!("there is no kind of principal `{other}`"))),
            };
            named.extend(texts.into_iter().map(make));
        }
        Ok(named)
    }

    fn conditions(&self, raw: &'t RawValue) -> Result<Vec<Condition>, PolicyError> {
        let mut conditions = Vec::new();
        for (operator, keys) in self.members(raw, "`Condition`")? {
            for (key, values) in self.members(keys, "a condition")? {
                conditions.push(Condition {
                    operator: operator.clone(),
                    key,
                    values: self.values(values)?,
                });
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
