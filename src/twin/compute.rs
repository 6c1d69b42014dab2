//! Compute and its network, as far as requests bring it: which credentials were issued to an instance or a function, and which addresses
//! reach AWS through a VPC endpoint.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use crate::ids::AccessKeyId;
use crate::policy::Context;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a credential was issued to. It is a property of the credential: it brings it along wherever it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuedTo {
    /// An EC2 instance.
    Instance {
        /// Its ARN.
        arn: String,
        /// Its VPC.
        vpc: String,
        /// Its address in the VPC.
        address: String,
        /// The version of the metadata service that handed the credential out: `1.0` or `2.0`.
        delivery: String,
    },
    /// A Lambda function, by its ARN.
    Function(String),
}

/// A VPC endpoint that calls from an address come through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `vpce-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
}

/// All of it. Whatever isn't in it is issued to nothing and comes from the internet.
#[derive(Debug, Clone, Default)]
pub struct Compute {
    /// Credentials.
    pub issued: BTreeMap<AccessKeyId, IssuedTo>,
    /// By the private address.
    pub endpoints: BTreeMap<String, Endpoint>,
}

impl Compute {
    /// Puts the condition keys of a request with this credential from this address.
    pub(super) fn put_keys(&self, context: &mut Context, key: &AccessKeyId, address: &str) {
        match self.issued.get(key) {
            Some(IssuedTo::Instance {
                arn,
                vpc,
                address,
                delivery,
            }) => {
                context.set("ec2:SourceInstanceArn", arn);
                context.set("aws:Ec2InstanceSourceVpc", vpc);
                context.set("aws:Ec2InstanceSourcePrivateIPv4", address);
                context.set("ec2:RoleDelivery", delivery);
            }
            Some(IssuedTo::Function(arn)) => context.set("lambda:SourceFunctionArn", arn),
            None => {}
        }
        if let Some(endpoint) = self.endpoints.get(address) {
            // A request through an endpoint has no public address.
            context.set_absent("aws:SourceIp");
            context.set("aws:SourceVpce", &endpoint.id);
            context.set("aws:SourceVpc", &endpoint.vpc);
            context.set("aws:VpcSourceIp", address);
        }
    }

    /// Writes into the record what CloudTrail tells of it.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
    pub(super) fn put_marks(&self, record: &mut Value, key: &AccessKeyId, address: &str) {
        match (self.issued.get(key), record.pointer_mut("/userIdentity")) {
            (Some(IssuedTo::Instance { delivery, .. }), Some(identity)) => {
                if let Some(Value::Object(session)) = identity.get_mut("sessionContext") {
                    session.insert("ec2RoleDelivery".to_owned(), delivery.as_str().into());
                }
            }
            (Some(IssuedTo::Function(arn)), Some(Value::Object(identity))) => {
                let scope = json!({"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": arn});
                identity.insert("inScopeOf".to_owned(), scope);
            }
            _ => {}
        }
        if let (Some(endpoint), Value::Object(record)) = (self.endpoints.get(address), record) {
            record.insert("vpcEndpointId".to_owned(), endpoint.id.as_str().into());
        }
    }
}
