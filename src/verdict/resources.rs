//! Resources that stand for all resources that policies can tell apart.

use super::classes::{Class, Feasible};
use super::prove::Prover;
use crate::policy::{Context, Glob, Listed, Parts, ResourcePattern, Step, Steps, atoms, meet, of_glob, of_parts};
use std::collections::BTreeSet;

impl Prover<'_, '_> {
    /// Resources that stand for all on which an action of the class can be asked; `within` narrows them to one resource's.
    pub(super) fn resources(
        &self,
        class: &Class<'_>,
        context: &Context,
        within: Option<&Steps>,
    ) -> Option<Vec<String>> {
        let mut patterns = Vec::new();
        for statement in &class.statements {
            let (Some(Listed::These(written)) | Some(Listed::AllBut(written))) = &statement.resources else {
                continue;
            };
            patterns.extend(
                written
                    .iter()
                    .filter_map(|pattern| parts(pattern, context))
                    .map(|parts| of_parts(&parts)),
            );
        }
        let account = self.standing.account;
        for own in [format!("arn:*:*:*:{}:*", account.id), "arn:*:*:*::*".to_owned()] {
            patterns.extend(arn_steps(&own));
        }
        // Resources with a policy are told apart where an allow or a deny is about a part of them.
        let known = account
            .resources
            .iter()
            .flatten()
            .filter(|(_, resource)| resource.policy.is_some());
        for (arn, resource) in known.filter(|_| within.is_none()) {
            let regions: Vec<Steps> = regions(arn.as_str()).collect();
            if regions
                .iter()
                .any(|region| patterns.iter().any(|pattern| meet(pattern, region)))
            {
                patterns.extend(regions);
                let document = resource.policy.as_ref().and_then(|text| text.parse().ok());
                let written = document.iter().flat_map(|document| &document.statements);
                let written = written.filter_map(|statement| statement.resources.as_ref());
                for listed in written {
                    let (Listed::These(written) | Listed::AllBut(written)) = listed;
                    let parts = written.iter().filter_map(|pattern| parts(pattern, context));
                    patterns.extend(parts.map(|parts| of_parts(&parts)));
                }
            }
        }
        let any = arn_steps("arn:*:?*:*:*:?*")?;
        patterns.extend(class.feasible.types().iter().map(|(kind, _)| kind.clone()));
        if let Feasible::Others(_) = class.feasible {
            // Which service a resource is of must be told apart, as far as patterns name one.
            let services: BTreeSet<String> = patterns.iter().filter_map(service_in).collect();
            patterns.extend(
                services
                    .iter()
                    .filter_map(|service| arn_steps(&format!("arn:*:{service}:*:*:*"))),
            );
        }
        let found = atoms(within.unwrap_or(&any), &patterns)?;
        let mut found: Vec<String> = found.into_iter().filter(|arn| class.feasible.takes(arn)).collect();
        // The account's own first: they make the better example.
        found.sort_by_key(|arn| !arn.contains(account.id.as_str()) && !arn.contains("::"));
        Some(found)
    }
}

/// What bears on the resource itself and, where it holds more, on what is in it.
pub(super) fn regions(arn: &str) -> impl Iterator<Item = Steps> {
    let inner = [format!("{arn}/*"), format!("{arn}:*")];
    let exact: Steps = of_glob(&Glob::exact(arn));
    let is_bucket = arn.contains(":s3:::");
    std::iter::once(exact).chain(
        inner
            .into_iter()
            .filter(move |_| is_bucket)
            .take(1)
            .filter_map(|text| arn_steps(&text)),
    )
}

/// The service that an ARN pattern names.
fn service_in(steps: &Steps) -> Option<String> {
    let parts: Vec<&[Step]> = steps.split(|step| *step == Step::Literal(':')).collect();
    let letters = parts.get(2)?.iter().map(|step| match step {
        Step::Literal(c) => Some(*c),
        Step::Any { .. } | Step::One { .. } => None,
    });
    letters
        .collect::<Option<String>>()
        .filter(|service| !service.is_empty())
}

pub(super) fn arn_steps(text: &str) -> Option<Steps> {
    ResourcePattern::new_glob(text).map(|parts| of_parts(&parts))
}

fn parts(pattern: &ResourcePattern, context: &Context) -> Option<Parts> {
    pattern.parts_in(context).or_else(|| pattern.widest_parts())
}
