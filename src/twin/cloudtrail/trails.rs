//! DescribeTrails, GetTrailStatus, GetEventSelectors: the trails that the account is known to have. Where they were never read, nothing is said.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>

use crate::account::{Account, Recorded, Trail};
use crate::twin::operation::Asked;
use crate::twin::{Call, Caller, Fault, Node, Operation, Params};

pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let row = |name: &'static str,
               asks: fn(&Account, &Caller, &Params) -> Asked,
               handler: fn(&mut Call<'_>) -> Result<Node, Fault>| Operation {
        name,
        read_only: true,
        asks,
        handler,
    };
    [
        row("DescribeTrails", |_, _, _| Asked::on("*"), describe),
        row("GetTrailStatus", |_, _, params| on_trail(params, "Name"), status),
        row(
            "GetEventSelectors",
            |_, _, params| on_trail(params, "TrailName"),
            selectors,
        ),
    ]
    .into_iter()
}

/// GetTrailStatus and GetEventSelectors are asked on the trail.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html>
fn on_trail(params: &Params, name: &str) -> Asked {
    Asked::on(params.get(name).unwrap_or("*"))
}

fn known<'a>(call: &'a Call<'_>) -> Result<&'a [Trail], Fault> {
    call.account
        .trails
        .as_deref()
        .ok_or_else(|| Fault::new(501, "NotModelled", "the twin knows nothing of the account's trails"))
}

/// A trail shows in its home Region, and one of all Regions in each as its shadow.
fn describe(call: &mut Call<'_>) -> Result<Node, Fault> {
    let shadows = call.params.get("includeShadowTrails") != Some("false");
    let here = |trail: &&Trail| trail.home_region == call.region || trail.multi_region && shadows;
    let told = known(call)?.iter().filter(here).map(node).collect();
    Ok(Node::Struct(vec![("trailList", Node::List(told))]))
}

fn node(trail: &Trail) -> Node {
    let mut members = vec![
        ("Name", trail.arn.name().into()),
        ("TrailARN", trail.arn.as_str().into()),
        ("HomeRegion", trail.home_region.as_str().into()),
        ("IsMultiRegionTrail", trail.multi_region.into()),
        ("IsOrganizationTrail", trail.organization.into()),
        ("IncludeGlobalServiceEvents", trail.global_service_events.into()),
        ("LogFileValidationEnabled", trail.validated.into()),
    ];
    members.extend(
        trail
            .bucket
            .iter()
            .map(|bucket| ("S3BucketName", bucket.as_str().into())),
    );
    members.extend(
        trail
            .prefix
            .iter()
            .map(|prefix| ("S3KeyPrefix", prefix.as_str().into())),
    );
    Node::Struct(members)
}

/// The trail that is asked about, in its home Region or by its ARN.
fn asked<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a Trail, Fault> {
    let name = call.params.need(name)?;
    let is_it =
        |trail: &&Trail| trail.arn.as_str() == name || trail.arn.name() == name && trail.home_region == call.region;
    known(call)?.iter().find(is_it).ok_or_else(|| {
        let message = format!("Unknown trail: {name} for the user: {}", call.account.id);
        Fault::new(400, "TrailNotFoundException", message)
    })
}

fn status(call: &mut Call<'_>) -> Result<Node, Fault> {
    let trail = asked(call, "Name")?;
    let mut members: Vec<(&str, Node)> = Vec::new();
    members.extend(trail.logging.map(|logging| ("IsLogging", logging.into())));
    let error = trail.delivery_error.as_deref();
    members.extend(error.map(|error| ("LatestDeliveryError", error.into())));
    Ok(Node::Struct(members))
}

fn selectors(call: &mut Call<'_>) -> Result<Node, Fault> {
    let trail = asked(call, "TrailName")?;
    let parts = trail
        .management
        .as_ref()
        .ok_or_else(|| Fault::new(501, "NotModelled", "the twin does not know what the trail records"))?;
    let arn = ("TrailARN", trail.arn.as_str().into());
    let narrowed = parts.iter().any(|part| !part.narrowed_by.is_empty());
    let told = match narrowed {
        true => (
            "AdvancedEventSelectors",
            Node::List(parts.iter().map(advanced).collect()),
        ),
        false => ("EventSelectors", Node::List(parts.iter().map(basic).collect())),
    };
    Ok(Node::Struct(vec![arn, told]))
}

fn basic(part: &Recorded) -> Node {
    let kind = match (part.reads, part.writes) {
        (true, false) => "ReadOnly",
        (false, true) => "WriteOnly",
        _ => "All",
    };
    let excluded = part.excluded.iter().map(|source| source.as_str().into());
    Node::Struct(vec![
        ("ReadWriteType", kind.into()),
        ("IncludeManagementEvents", (part.reads || part.writes).into()),
        ("DataResources", Node::List(Vec::new())),
        ("ExcludeManagementEventSources", Node::List(excluded.collect())),
    ])
}

fn advanced(part: &Recorded) -> Node {
    let list = |values: Vec<&str>| Node::List(values.into_iter().map(Node::from).collect());
    let field = |name: &str, how: &'static str, values: Vec<&str>| {
        Node::Struct(vec![("Field", name.into()), (how, list(values))])
    };
    let mut fields = vec![field("eventCategory", "Equals", vec!["Management"])];
    if part.reads != part.writes {
        let reads = if part.reads { "true" } else { "false" };
        fields.push(field("readOnly", "Equals", vec![reads]));
    }
    if !part.excluded.is_empty() {
        let sources = part.excluded.iter().map(String::as_str).collect();
        fields.push(field("eventSource", "NotEquals", sources));
    }
    let narrowed = part.narrowed_by.iter().map(|name| field(name, "Equals", vec!["some"]));
    fields.extend(narrowed);
    Node::Struct(vec![("FieldSelectors", Node::List(fields))])
}
