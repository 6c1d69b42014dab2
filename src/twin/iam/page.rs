//! Pages of lists: `MaxItems`, `Marker`, `IsTruncated`.

use crate::twin::{Fault, Node, Params};

/// The page of `items` that `params` asks for, as an answer with the list under `name`.
pub(super) fn page(params: &Params, name: &'static str, items: Vec<Node>) -> Result<Node, Fault> {
    let (items, rest) = cut(params, items)?;
    let mut members = vec![(name, Node::List(items))];
    members.extend(rest);
    Ok(Node::Struct(members))
}

/// The members that say whether there is more.
type Rest = Vec<(&'static str, Node)>;

/// The page of `items`, and the members that say whether there is more.
pub(super) fn cut<T>(params: &Params, items: Vec<T>) -> Result<(Vec<T>, Rest), Fault> {
    let most = match params.get("MaxItems").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(most)) if (1..=1000).contains(&most) => most,
        Some(_) => {
            return Err(Fault::validation(
                "1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000",
            ));
        }
    };
    let from = match params
        .get("Marker")
        .map(|marker| marker.strip_prefix("twin-").unwrap_or_default().parse::<usize>())
    {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_)) => return Err(Fault::new(400, "InvalidInput", "The marker is not valid.")),
    };
    let truncated = items.len() > from.saturating_add(most);
    let mut rest = vec![("IsTruncated", Node::Bool(truncated))];
    if truncated {
        rest.push(("Marker", format!("twin-{}", from + most).into()));
    }
    Ok((items.into_iter().skip(from).take(most).collect(), rest))
}
