//! From a document back to JSON that says the same.

use super::document::{Document, Effect, Listed, Named, Statement, Version};
use serde_json::{Map, Value, json};

impl Document {
    /// The document as JSON. Reading it again gives an equal document.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        if let Some(version) = self.version {
            let version = match version {
                Version::V2008 => "2008-10-17",
                Version::V2012 => "2012-10-17",
            };
            object.insert("Version".into(), version.into());
        }
        if let Some(id) = &self.id {
            object.insert("Id".into(), id.as_str().into());
        }
        let statements = self.statements.iter().map(Statement::to_json);
        object.insert("Statement".into(), statements.collect());
        Value::Object(object)
    }
}

impl Statement {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        if let Some(sid) = &self.sid {
            object.insert("Sid".into(), sid.as_str().into());
        }
        let effect = match self.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        object.insert("Effect".into(), effect.into());
        if let Some(principal) = &self.principal {
            let (name, named) = element("Principal", principal);
            object.insert(name, names(named));
        }
        let (name, actions) = element("Action", &self.actions);
        object.insert(name, actions.iter().map(|pattern| json!(pattern.as_str())).collect());
        if let Some(resources) = &self.resources {
            let (name, patterns) = element("Resource", resources);
            object.insert(name, patterns.iter().map(|pattern| json!(pattern.as_str())).collect());
        }
        if !self.conditions.is_empty() {
            let mut operators = Map::new();
            for condition in &self.conditions {
                let keys = operators.entry(condition.operator()).or_insert_with(|| json!({}));
                if let Value::Object(keys) = keys {
                    keys.insert(condition.key().into(), json!(condition.values()));
                }
            }
            object.insert("Condition".into(), Value::Object(operators));
        }
        Value::Object(object)
    }
}

fn element<'l, T>(name: &str, listed: &'l Listed<T>) -> (String, &'l T) {
    match listed {
        Listed::These(these) => (name.to_owned(), these),
        Listed::AllBut(these) => (format!("Not{name}"), these),
    }
}

fn names(named: &[Named]) -> Value {
    if *named == [Named::Everybody] {
        return json!("*");
    }
    let mut kinds = Map::new();
    for one in named {
        let (kind, name) = match one {
            Named::Everybody => ("AWS", "*"),
            Named::Aws(name) => ("AWS", name.as_str()),
            Named::Service(name) => ("Service", name.as_str()),
            Named::Federated(name) => ("Federated", name.as_str()),
            Named::CanonicalUser(name) => ("CanonicalUser", name.as_str()),
        };
        let list = kinds.entry(kind).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(name.into());
        }
    }
    Value::Object(kinds)
}
