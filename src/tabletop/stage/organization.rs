//! The organization of a scenario, put above its account.

use super::{StageError, policies, value};
use crate::account::{Account, Guards, Organization, Responder};
use crate::policy::PolicyText;
use crate::tabletop::scenario::{OrganizationRow, Scenario};
use std::collections::BTreeMap;

/// What every level has: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
const FULL_ACCESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Puts the organization above the account, whose users and roles are there already. Without one the guards say that there is none.
pub(super) fn organization(scenario: &Scenario, account: &mut Account) -> Result<(), StageError> {
    let Some(row) = &scenario.organization else {
        account.guards = Some(Guards::default());
        return Ok(());
    };
    let full: BTreeMap<String, PolicyText> = [("FullAWSAccess".to_owned(), PolicyText::new(FULL_ACCESS))].into();
    let mut own = full.clone();
    own.extend(policies("the organization", &row.scps)?);
    let mut scps: Vec<_> = row.path.iter().map(|_| full.clone()).collect();
    scps.push(own);
    let mut targets = row.path.clone();
    targets.push(account.id.to_string());
    let names = scps.iter().flatten().map(|(name, _)| name.clone());
    let mut organization = Organization {
        id: row.id.clone(),
        management_account: value(&row.management_account)?,
        scps_enabled: true,
        targets,
        policy_ids: BTreeMap::new(),
        unattached: BTreeMap::new(),
        responder: responder(row, account)?,
    };
    organization.policy_ids = names
        .map(|name| (name.clone(), organization.policy_id(&name)))
        .collect();
    account.guards = Some(Guards {
        scps,
        ..Guards::default()
    });
    account.organization = Some(organization);
    Ok(())
}

fn responder(row: &OrganizationRow, account: &Account) -> Result<Option<Responder>, StageError> {
    let Some(name) = &row.administrator else {
        return Ok(None);
    };
    let user = account.users.get(name).map(|user| account.user_arn(user));
    let found = user.or_else(|| account.roles.get(name).map(|role| account.role_arn(role)));
    let arn = found.ok_or_else(|| {
        StageError::Value(format!(
            "the organization's administrator `{name}` is no user or role of the account"
        ))
    })?;
    Ok(Some(Responder {
        in_organization: arn.clone(),
        in_account: arn,
    }))
}
