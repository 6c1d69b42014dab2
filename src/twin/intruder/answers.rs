//! What an answer leads to.

use super::call::{ADMIN, Purpose};
use super::made::Made;
use super::purse::Identity;
use super::{Intruder, texts_of};
use crate::ids::{AccessKeyId, Arn, PrincipalArn};
use crate::time::Moment;
use crate::twin::{Keys, Node};

impl Intruder {
    /// Takes in the answer to a call that was made at `at` with `keys`; what follows from it is not done before `then`.
    pub(super) fn answer(&mut self, purpose: &Purpose, keys: &Keys, node: &Node, at: Moment, then: Moment) {
        self.tell(purpose, keys, at);
        match purpose {
            Purpose::WhoAmI => self.knows(keys, node, then),
            Purpose::Roles => self.found_roles(node, then),
            Purpose::See(id) => self.saw(id, node, then),
            Purpose::Keys(user) => self.saw_keys(user, node, at, then),
            Purpose::Groups(user) => {
                for group in texts_of(node, "Groups", Some("GroupName")) {
                    self.urgent(Purpose::LeaveGroup(user.clone(), group), then);
                }
            }
            Purpose::Attached(id) => {
                for arn in texts_of(node, "AttachedPolicies", Some("PolicyArn")) {
                    self.urgent(Purpose::Detach(id.clone(), arn), then);
                }
            }
            Purpose::Inline(id) => self.saw_inline(id, &texts_of(node, "PolicyNames", None), then),
            Purpose::Own(id) => {
                let document = node.get("PolicyDocument").and_then(Node::as_text).unwrap_or_default();
                let document = percent_encoding::percent_decode_str(document).decode_utf8_lossy();
                if document != ADMIN {
                    self.urgent(Purpose::PutOwn(id.clone()), then);
                }
            }
            Purpose::PutOwn(id) => self.remember(Made::Policy {
                on: id.clone(),
                name: self.policy.clone(),
            }),
            Purpose::Activate(user, key) => {
                if let Some(held) = self.purse.get_mut(key) {
                    held.lost = false;
                }
                self.remember(Made::Activated {
                    user: user.clone(),
                    key: key.clone(),
                });
            }
            Purpose::NewUser(name) => self.new_entity(Identity::User(name.clone()), node, then),
            Purpose::NewRole(name) => self.new_entity(Identity::Role(name.clone()), node, then),
            Purpose::NewKey(user) => self.got_key(user, node, then),
            Purpose::Assume(role, _) => self.got_session(Identity::Role(role.clone()), node, then),
            Purpose::Token(_) => {
                let whose = self.whose(&keys.key);
                if let Some(whose) = whose {
                    self.got_session(whose, node, then);
                }
            }
            Purpose::EditTrust(role) => {
                let document = self.texts().trust();
                self.remember(Made::Trust {
                    role: role.clone(),
                    document,
                });
                let wanted: Vec<_> = self.wants.iter().filter(|(name, _)| name == role).cloned().collect();
                for (name, arn) in wanted {
                    self.patiently(Purpose::Assume(name, arn), then);
                }
            }
            Purpose::Check(_)
            | Purpose::DeleteInline(..)
            | Purpose::Detach(..)
            | Purpose::DropBoundary(_)
            | Purpose::LeaveGroup(..) => {}
        }
    }

    fn whose(&self, key: &AccessKeyId) -> Option<Identity> {
        self.purse.0.iter().find(|held| held.keys.key == *key)?.whose.clone()
    }

    /// The first answer: account, and what it has rights from.
    fn knows(&mut self, keys: &Keys, node: &Node, then: Moment) {
        let text = |name: &str| node.get(name).and_then(Node::as_text).unwrap_or_default().to_owned();
        let arn: Option<Arn> = text("Arn").parse().ok();
        self.account = text("Account");
        self.partition = text("Arn").split(':').nth(1).unwrap_or("aws").to_owned();
        let whose = match arn.as_ref().and_then(PrincipalArn::of) {
            Some(PrincipalArn::User(name)) => Some(Identity::User(name)),
            Some(PrincipalArn::RoleSession { role, .. }) => Some(Identity::Role(role)),
            _ => None,
        };
        if let Some(held) = self.purse.get_mut(&keys.key) {
            held.whose = whose.clone();
        }
        self.next_look = Some(then);
        let moves = self.script.moves;
        if let Some(id) = whose {
            if moves.restore_admin {
                self.urgent(Purpose::PutOwn(id.clone()), then);
            }
            if moves.mint_session_tokens && keys.token.is_none() {
                self.urgent(Purpose::Token(keys.key.clone()), then);
            }
            if !self.defends.contains(&id) {
                self.defends.push(id);
            }
        }
        for name in self.script.roles.clone() {
            let arn = format!("arn:{}:iam::{}:role/{name}", self.partition, self.account);
            self.wants.insert((name.clone(), arn.clone()));
            self.urgent(Purpose::Assume(name, arn), then);
        }
        if moves.assume_roles {
            self.patiently(Purpose::Roles, then);
        }
    }

    fn found_roles(&mut self, node: &Node, then: Moment) {
        let names = texts_of(node, "Roles", Some("RoleName"));
        let arns = texts_of(node, "Roles", Some("Arn"));
        for (name, arn) in names.into_iter().zip(arns) {
            // A service-linked role trusts its service alone, and nobody may change that.
            if !arn.contains(":role/aws-service-role/") && self.wants.insert((name.clone(), arn.clone())) {
                self.urgent(Purpose::Assume(name, arn), then);
            }
        }
    }

    fn saw(&mut self, id: &Identity, node: &Node, then: Moment) {
        let boundary = node.get(id.kind()).and_then(|entity| entity.get("PermissionsBoundary"));
        if boundary.is_some() && self.script.moves.remove_boundary {
            self.urgent(Purpose::DropBoundary(id.clone()), then);
        }
    }

    fn saw_inline(&mut self, id: &Identity, names: &[String], then: Moment) {
        let moves = self.script.moves;
        let others = names.iter().filter(|name| **name != self.policy && moves.strip_denies);
        let others: Vec<String> = others.cloned().collect();
        for name in others {
            self.urgent(Purpose::DeleteInline(id.clone(), name), then);
        }
        if !moves.restore_admin {
            return;
        }
        if names.contains(&self.policy) {
            self.later(Purpose::Own(id.clone()), then);
        } else {
            self.urgent(Purpose::PutOwn(id.clone()), then);
        }
    }

    fn saw_keys(&mut self, user: &str, node: &Node, at: Moment, then: Moment) {
        let keys = texts_of(node, "AccessKeyMetadata", Some("AccessKeyId"));
        let statuses = texts_of(node, "AccessKeyMetadata", Some("Status"));
        let listed: Vec<(String, String)> = keys.into_iter().zip(statuses).collect();
        let own = self.purse.0.iter().filter(|held| held.is_key_of(user));
        let own: Vec<AccessKeyId> = own.map(|held| held.keys.key.clone()).collect();
        for key in own {
            match listed.iter().find(|(known, _)| known == key.as_str()) {
                Some((_, status)) if status == "Active" => {}
                Some(_) => {
                    if self.script.moves.reactivate_key {
                        self.urgent(Purpose::Activate(user.to_owned(), key.clone()), then);
                    }
                    self.lost(&key, "made inactive", at, then);
                }
                None => self.lost(&key, "deleted", at, then),
            }
        }
    }

    /// A key was cut off: others are made, once.
    fn lost(&mut self, key: &AccessKeyId, how: &str, at: Moment, then: Moment) {
        let Some(held) = self.purse.get_mut(key).filter(|held| !held.lost) else {
            return;
        };
        held.lost = true;
        let whose = held.whose.clone();
        self.say(at, format!("notices that its key {key} was {how}"));
        self.replace(whose.as_ref(), then);
    }

    /// Makes what is to take the place of something that was cut off.
    pub(super) fn replace(&mut self, whose: Option<&Identity>, then: Moment) {
        let moves = self.script.moves;
        if let Some(Identity::User(name)) = whose.filter(|_| moves.new_key) {
            self.patiently(Purpose::NewKey(name.clone()), then);
        }
        if moves.new_user && self.own(|id| matches!(id, Identity::User(_))) < self.script.at_most {
            let name = self.fresh_name();
            self.patiently(Purpose::NewUser(name), then);
        }
        if moves.new_role && self.own(|id| matches!(id, Identity::Role(_))) < self.script.at_most {
            let name = self.fresh_name();
            self.patiently(Purpose::NewRole(name), then);
        }
    }

    /// How many of the things that it defends, of one kind, are of its making or on their way.
    fn own(&self, kind: fn(&Identity) -> bool) -> usize {
        let made = self
            .defends
            .iter()
            .filter(|id| kind(id) && id.name().starts_with(&self.script.prefix));
        let under_way = self.tasks.iter().filter(|task| match &task.purpose {
            Purpose::NewUser(name) => kind(&Identity::User(name.clone())),
            Purpose::NewRole(name) => kind(&Identity::Role(name.clone())),
            _ => false,
        });
        made.count() + under_way.count()
    }

    fn new_entity(&mut self, id: Identity, node: &Node, then: Moment) {
        let entity = node.get(id.kind());
        let member = |name: &str| entity.and_then(|entity| entity.get(name)?.as_text()).map(str::to_owned);
        let unique = member(&format!("{}Id", id.kind())).unwrap_or_default();
        self.remember(Made::Entity {
            identity: id.clone(),
            id: unique,
        });
        self.patiently(Purpose::PutOwn(id.clone()), then);
        match &id {
            Identity::User(name) => self.patiently(Purpose::NewKey(name.clone()), then),
            Identity::Role(name) => {
                let arn = member("Arn").unwrap_or_default();
                self.wants.insert((name.clone(), arn.clone()));
                self.patiently(Purpose::Assume(name.clone(), arn), then);
            }
        }
        if !self.defends.contains(&id) {
            self.defends.push(id);
        }
    }

    fn got_key(&mut self, user: &str, node: &Node, then: Moment) {
        let Some(keys) = keys_in(node.get("AccessKey")) else {
            return;
        };
        self.remember(Made::Key {
            user: user.to_owned(),
            key: keys.key.clone(),
        });
        if self.script.moves.mint_session_tokens {
            self.patiently(Purpose::Token(keys.key.clone()), then);
        }
        self.purse.put(keys, Some(Identity::User(user.to_owned())), then);
    }

    fn got_session(&mut self, whose: Identity, node: &Node, then: Moment) {
        if let Some(keys) = keys_in(node.get("Credentials")) {
            self.purse.put(keys, Some(whose), then);
        }
    }

    fn remember(&mut self, made: Made) {
        if !self.made.contains(&made) {
            self.made.push(made);
        }
    }

    /// Tells of what it changed or got; looking is not worth a word.
    fn tell(&mut self, purpose: &Purpose, keys: &Keys, at: Moment) {
        let what = match purpose {
            Purpose::DeleteInline(id, name) => format!("deletes inline policy `{name}` of {id}"),
            Purpose::Detach(id, arn) => format!("detaches {arn} from {id}"),
            Purpose::DropBoundary(id) => format!("deletes the permissions boundary of {id}"),
            Purpose::LeaveGroup(user, group) => format!("takes user `{user}` out of group `{group}`"),
            Purpose::PutOwn(id) => format!("puts its admin policy `{}` on {id}", self.policy),
            Purpose::Activate(user, key) => format!("makes key {key} of user `{user}` active again"),
            Purpose::NewKey(user) => format!("makes a new key for user `{user}`"),
            Purpose::NewUser(name) => format!("makes user `{name}`"),
            Purpose::NewRole(name) => format!("makes role `{name}`"),
            Purpose::Assume(role, _) => format!("takes a session of role `{role}`"),
            Purpose::Token(key) => format!("takes a session token with {key}"),
            Purpose::EditTrust(role) => format!("lets the whole account into role `{role}`"),
            _ => return,
        };
        self.say(at, format!("{what}, with {}", keys.key));
    }
}

/// The credential in an answer.
fn keys_in(node: Option<&Node>) -> Option<Keys> {
    let node = node?;
    let text = |name: &str| node.get(name).and_then(Node::as_text).map(str::to_owned);
    Some(Keys {
        key: text("AccessKeyId")?.parse().ok()?,
        secret: text("SecretAccessKey")?,
        token: text("SessionToken"),
    })
}
