//! Account Management: the Regions that are enabled, those that every account has.
//! <https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html>

use super::operation::Asked;
use super::{Call, Caller, Fault, Node, Operation, Params};
use crate::account::Account;
use crate::ids::REGIONS_BY_DEFAULT;

/// Every operation of Account Management that the twin models.
pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let on_all = |_: &Account, _: &Caller, _: &Params| Asked::on("*");
    std::iter::once(Operation {
        name: "ListRegions",
        read_only: true,
        asks: on_all,
        handler: list,
    })
}

fn list(call: &mut Call<'_>) -> Result<Node, Fault> {
    let wanted = call.params.list("RegionOptStatusContains");
    let by_default = |status: &Params| status.get("") == Some("ENABLED_BY_DEFAULT");
    let names = REGIONS_BY_DEFAULT
        .iter()
        .filter(|_| wanted.is_empty() || wanted.iter().any(by_default));
    let regions = names.map(|name| {
        Node::Struct(vec![
            ("RegionName", (*name).into()),
            ("RegionOptStatus", "ENABLED_BY_DEFAULT".into()),
        ])
    });
    Ok(Node::Struct(vec![("Regions", Node::List(regions.collect()))]))
}
