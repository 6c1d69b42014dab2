//! The networks of instances and of VPC endpoints, as the records of their making tell. Neither changes afterwards: an instance keeps its VPC and
//! its first address, an endpoint its VPC.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-network-data.html>

use crate::trail::Event;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An instance's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Network {
    pub(super) vpc: String,
    pub(super) address: String,
}

/// By their IDs.
#[derive(Debug, Clone, Default)]
pub struct Networks {
    instances: BTreeMap<String, BTreeSet<Network>>,
    endpoints: BTreeMap<String, BTreeSet<String>>,
}

/// Whether a session's name is the ID of an instance: eight hexadecimal digits, or seventeen.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>
pub(super) fn is_instance(name: &str) -> bool {
    let is_digit = |letter: u8| matches!(letter, b'0'..=b'9' | b'a'..=b'f');
    name.strip_prefix("i-")
        .is_some_and(|id| matches!(id.len(), 8 | 17) && id.bytes().all(is_digit))
}

/// Whether a call makes what has a network: each is kept, however much alike they are.
pub(super) fn makes_one(name: &str) -> bool {
    matches!(name, "RunInstances" | "CreateVpcEndpoint")
}

impl Networks {
    /// What calls tell that succeeded.
    pub(super) fn of<'e>(events: impl Iterator<Item = &'e Event>) -> Networks {
        let mut all = Networks::default();
        for event in events.filter(|event| event.service() == "ec2" && event.error.is_none()) {
            let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            match event.name.as_str() {
                "RunInstances" => {
                    let made = event.response.pointer("/instancesSet/items").and_then(Value::as_array);
                    for one in made.into_iter().flatten() {
                        let network = text(one, "vpcId").zip(text(one, "privateIpAddress"));
                        if let Some((id, (vpc, address))) = text(one, "instanceId").zip(network) {
                            all.instances.entry(id).or_default().insert(Network { vpc, address });
                        }
                    }
                }
                "CreateVpcEndpoint" => {
                    let wrapped = event.response.pointer("/CreateVpcEndpointResponse/vpcEndpoint");
                    let Some(made) = wrapped.or_else(|| event.response.get("vpcEndpoint")) else {
                        continue;
                    };
                    if let Some((id, vpc)) = text(made, "vpcEndpointId").zip(text(made, "vpcId")) {
                        all.endpoints.entry(id).or_default().insert(vpc);
                    }
                }
                _ => {}
            }
        }
        all
    }

    /// That of an instance; `None` where no record tells it, or several tell it otherwise.
    pub(super) fn of_instance(&self, id: &str) -> Option<&Network> {
        only(self.instances.get(id)?)
    }

    /// The VPC of an endpoint.
    pub(super) fn of_endpoint(&self, id: &str) -> Option<&str> {
        only(self.endpoints.get(id)?).map(String::as_str)
    }
}

fn only<T: Ord>(told: &BTreeSet<T>) -> Option<&T> {
    told.first().filter(|_| told.len() == 1)
}
