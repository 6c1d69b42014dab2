//! What whoever deploys says: names and ARNs. Documents hold the parameters as marks, `[[Name]]` in a text and `[[*Name]]` for a whole list.

/// One parameter.
pub(super) struct Parameter {
    /// Its name in CloudFormation.
    pub(super) name: &'static str,
    /// Its name in Terraform.
    pub(super) variable: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
}

/// What it is, with what it is by default.
pub(super) enum Kind {
    Text(&'static str),
    Flag,
    /// Without a default, it must be said.
    List(Option<&'static [&'static str]>),
}

pub(super) const PARAMETERS: [Parameter; 13] = [
    Parameter {
        name: "ResponderPrincipals",
        variable: "responder_principals",
        kind: Kind::List(None),
        about: "ARNs of who may assume the responder's role. Without MFA of AWS's own (Identity Center, SAML) RequireMfa must be off.",
    },
    Parameter {
        name: "RequireMfa",
        variable: "require_mfa",
        kind: Kind::Flag,
        about: "Whether the responder's role asks for MFA.",
    },
    Parameter {
        name: "ResponderRoleName",
        variable: "responder_role_name",
        kind: Kind::Text("OustResponder"),
        about: "Name of the responder's role.",
    },
    Parameter {
        name: "QuarantinePolicyName",
        variable: "quarantine_policy_name",
        kind: Kind::Text("OustQuarantine"),
        about: "Name of the managed policy that denies everything.",
    },
    Parameter {
        name: "Path",
        variable: "path",
        kind: Kind::Text("/oust/"),
        about: "Path of role and policies, with a slash before and behind. Nothing else should be in it: the SCP keeps all policies in it as they are.",
    },
    Parameter {
        name: "TrailBucket",
        variable: "trail_bucket",
        kind: Kind::Text(""),
        about: "Bucket of the trail, which the responder may then read. Its own policy must allow that too where it is another account's.",
    },
    Parameter {
        name: "RuleNamePrefix",
        variable: "rule_name_prefix",
        kind: Kind::Text("Oust"),
        about: "What the names of the alerting rules begin with.",
    },
    Parameter {
        name: "AlertEmail",
        variable: "alert_email",
        kind: Kind::Text(""),
        about: "Address that alerts go to; it must be confirmed. Without one, subscribe to the topic yourself.",
    },
    Parameter {
        name: "AthenaDatabase",
        variable: "athena_database",
        kind: Kind::Text(""),
        about: "Database of the trail's table in Athena. Every detection is kept there as a query.",
    },
    Parameter {
        name: "AthenaTable",
        variable: "athena_table",
        kind: Kind::Text("cloudtrail"),
        about: "Table of the trail in that database.",
    },
    Parameter {
        name: "AthenaWorkGroup",
        variable: "athena_work_group",
        kind: Kind::Text("primary"),
        about: "Workgroup that the queries are kept in.",
    },
    Parameter {
        name: "TargetIds",
        variable: "target_ids",
        kind: Kind::List(Some(&[])),
        about: "Root, units or accounts to attach the SCP to. Only in the management account or that of a delegated administrator; elsewhere empty: no SCP is made.",
    },
    Parameter {
        name: "SparedPrincipals",
        variable: "spared_principals",
        kind: Kind::List(Some(&["none"])),
        about: "ARNs, wildcards allowed, that the SCP spares beside the responder: who deploys this. A name that anybody in an account could give a role of his own undoes it.",
    },
];
