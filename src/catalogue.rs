//! AWS's actions by service, with their access level and the kind of resource that they act on.
//!
//! The data is embedded with its date and follows the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>). It gives names to examples and to what is left to a credential. No proof hangs on it: an action
//! that isn't in it is matched by patterns like any other. `src/catalogue/generate.py` makes it.

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::OnceLock;

/// Everything in the catalogue.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// The day of the data, as `YYYY-MM-DD`.
    pub date: String,
    /// Where the data is from, with version and licence.
    pub source: String,
    /// Services by the prefix of their actions, such as `s3`.
    pub services: BTreeMap<String, Service>,
    rcp: BTreeSet<String>,
    acting_on: BTreeMap<String, BTreeSet<String>>,
}

/// One service.
#[derive(Debug, Default)]
pub struct Service {
    /// Its actions in alphabetical order.
    pub actions: Vec<Action>,
    /// ARN patterns of its resource types, such as `arn:${Partition}:s3:::${BucketName}`.
    resource_types: BTreeMap<String, String>,
}

/// One action.
#[derive(Debug)]
pub struct Action {
    /// Its name without the service.
    pub name: String,
    /// What kind of access it is.
    pub level: Level,
    resource_types: Vec<String>,
    /// Whether it is asked on `*`, without a resource.
    pub without_resource: bool,
}

/// AWS's access levels.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Lists resources.
    List,
    /// Reads what is in them.
    Read,
    /// Changes tags.
    Tagging,
    /// Creates, changes, deletes.
    Write,
    /// Changes who may do what.
    Permissions,
}

impl Catalogue {
    /// Whether resource control policies bear on the service's actions.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>
    pub fn is_under_rcps(&self, service: &str) -> bool {
        self.rcp.contains(service)
    }

    /// The ARN patterns of the resources that `service:name` acts on, the most usual first; none when it acts on none or isn't in
    /// the catalogue.
    pub fn resources_of(&self, service: &str, name: &str) -> Vec<&str> {
        let Some(service) = self.services.get(service) else {
            return Vec::new();
        };
        let mut actions = service.actions.iter();
        let action = actions.find(|action| action.name.eq_ignore_ascii_case(name));
        action
            .map(|action| service.types_of(action).collect())
            .unwrap_or_default()
    }

    /// Whether `service:name` is in it.
    pub fn knows(&self, service: &str, name: &str) -> bool {
        let service = self.services.get(service.to_ascii_lowercase().as_str());
        service.is_some_and(|service| service.actions.iter().any(|one| one.name.eq_ignore_ascii_case(name)))
    }

    /// The access level of `service:Name`; of an action that isn't in the catalogue, `Write`.
    pub fn level_of(&self, action: &str) -> Level {
        let (service, name) = action.split_once(':').unwrap_or((action, ""));
        let service = self.services.get(service.to_ascii_lowercase().as_str());
        let known = service.and_then(|service| service.actions.iter().find(|one| one.name.eq_ignore_ascii_case(name)));
        known.map_or(Level::Write, |one| one.level)
    }

    /// The services whose actions act on resources of `service`, as ARNs name it; `None` when it is in no ARN that is known.
    pub fn acting_on(&self, service: &str) -> Option<&BTreeSet<String>> {
        self.acting_on.get(service)
    }

    fn read(text: &str) -> Catalogue {
        let mut catalogue = Catalogue::default();
        let mut service = Service::default();
        let mut prefix = String::new();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("date", date)) => catalogue.date = date.to_owned(),
                Some(("source", source)) => catalogue.source = source.to_owned(),
                Some(("rcp", services)) => catalogue.rcp = services.split(' ').map(str::to_owned).collect(),
                Some(("service", next)) => {
                    let done = std::mem::take(&mut service);
                    catalogue
                        .services
                        .insert(std::mem::replace(&mut prefix, next.to_owned()), done);
                }
                Some(("type", rest)) => {
                    let kind = rest
                        .split_once(' ')
                        .map(|(kind, arn)| (kind.to_owned(), arn.to_owned()));
                    service.resource_types.extend(kind);
                }
                _ => service.actions.extend(action(line)),
            }
        }
        catalogue.services.insert(prefix, service);
        catalogue.services.remove("");
        for (prefix, service) in &catalogue.services {
            for arn in service.resource_types.values() {
                let named = arn.split(':').nth(2).unwrap_or_default().to_owned();
                catalogue.acting_on.entry(named).or_default().insert(prefix.clone());
            }
        }
        catalogue
    }
}

impl Service {
    /// The ARN patterns of the resources that one of its actions acts on.
    pub fn types_of<'s>(&'s self, action: &'s Action) -> impl Iterator<Item = &'s str> {
        let known = action
            .resource_types
            .iter()
            .filter_map(|kind| self.resource_types.get(kind));
        known.map(String::as_str)
    }
}

fn action(line: &str) -> Option<Action> {
    let mut words = line.split(' ');
    let name = words.next()?.to_owned();
    let level = match words.next()? {
        "L" => Level::List,
        "R" => Level::Read,
        "T" => Level::Tagging,
        "W" => Level::Write,
        _ => Level::Permissions,
    };
    let kinds: Vec<&str> = words.next().map(|kinds| kinds.split(',').collect()).unwrap_or_default();
    Some(Action {
        name,
        level,
        without_resource: kinds.is_empty() || kinds.contains(&"*"),
        resource_types: kinds
            .iter()
            .filter(|kind| **kind != "*")
            .map(|kind| (*kind).to_owned())
            .collect(),
    })
}

/// The catalogue, unpacked once.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let mut text = String::new();
        // What is embedded is tested to unpack; were it not to, names would be missing and nothing else.
        let unpacked = GzDecoder::new(include_bytes!("catalogue/actions.txt.gz").as_slice()).read_to_string(&mut text);
        match unpacked {
            Ok(_) => Catalogue::read(&text),
            Err(_) => Catalogue::default(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_data_is_whole() {
        let catalogue = catalogue();
        let actions: usize = catalogue.services.values().map(|service| service.actions.len()).sum();
        assert!(catalogue.services.len() > 400 && actions > 20_000, "{actions}");
        assert_eq!(catalogue.date.len(), 10);
        assert!(catalogue.source.contains("MIT"));
        assert_eq!(
            catalogue.resources_of("s3", "getobject")[0],
            "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
        );
        assert!(catalogue.resources_of("s3", "ListAllMyBuckets").is_empty());
        assert!(catalogue.acting_on("iam").unwrap().contains("sts"));
        assert!(catalogue.is_under_rcps("sts") && !catalogue.is_under_rcps("iam"));
        let iam = &catalogue.services["iam"];
        let put = iam
            .actions
            .iter()
            .find(|action| action.name == "PutUserPolicy")
            .unwrap();
        assert_eq!(put.level, Level::Permissions);
    }
}
