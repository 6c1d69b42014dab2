//! `oust` puts an intruder out of an AWS account. One access key ID goes in. Out come: whose key it is, every
//! credential that was minted from it, the ordered plan that ends all of them, a rehearsal of that plan on a mocked
//! IAM which proves credential by credential that it works, and the execution with a person's consent at each step.
//!
//! # Words
//! - **key**: an access key ID; **origin**: what one key tells; **trail**: CloudTrail events; **evidence**: a set of them with its coverage.
//! - **finding**: what names a compromised key in the place of the key itself: GuardDuty's, Security Hub's, AWS Health's.
//! - **lineage**, **family**: the credentials minted from one key, with who minted what; **credential**: one of them, labelled A, B, C, D1, ...
//! - **account**: an account as a value; **snapshot**: its file.
//! - **twin**: our mocked IAM and STS; **world**: the twin or AWS; **mount**: a world reached through the SDK's clients.
//! - **member**: one thing in an account that can be set (a key's status, one inline policy); **setting**: what it is; **change**: a member and
//!   what it is to be; **inverse**: the change that turns it round.
//! - **playbook**: steps as data; **plan**: the concrete steps for one incident; **step**: one of them; **end**: how far the plan goes.
//! - **reach**: whom the holder of a credential can become; **outlook**: the reach of a family; **foothold**: what lets him back in without any of it.
//! - **guards**: the organization's policies over an account; **quarantine**: the one of them that a plan puts there first, where it may.
//! - **rehearsal**: a run on a twin of the account; **verdict**: what a credential can still do; **proof**: the verdicts after each step.
//! - **journal**: what happened, a chain of lines; **case**: the folder that it is in; **divergence**: the account is not as the rehearsal left it.
//! - **intruder**: somebody in the twin who fights back by a script; **grip**: what he has at a moment: credentials that work, things of his making.
//! - **rule**: a detection as data, of which every form is written; **measure**: a document that would have stopped a part of the path; **replay**: the
//!   trail's calls asked again of a changed account.
//! - **drift**: the account is not as the journal left it, so nothing is undone; **rebuild**: the means to make again what AWS cannot bring back.
//! - **readiness**: what of tracing and containing would work now, before there is an incident; **quarantine policy**: a managed policy that denies everything.
//! - **sweep**: looking through the trail again for what was minted meanwhile; **undo**: a journal read backwards.
//!
//! # One idea
//! A plan is data. One executor carries it out through the SDK's clients, and it cannot know which world they are mounted on. A dry
//! run is a run on the twin; a live run is rehearsed on the twin first and then compared with the rehearsal step by step. What happens is one
//! stream of journal entries, and everything that is shown is a reading of it.
//!
//! # The house
//! Modules stand in the order in which they may see each other: a module imports only from modules above it, so there are no cycles.
//! `tests/architecture.rs` holds that, and the doors: one clock (`time`), one terminal (`cli::terminal`), one environment (`cli`).
//! `action`, `execute`, `mount` and `live` never see `twin`; `twin` never sees `plan` or `action`. They meet in `rehearse`, `tabletop` and `cli`.
//!
//! Three things differ from a first sketch of the house. Verbs are not one type each: a change is a member and its setting, and each
//! kind of member has its file in `action` with one way to read and one to write, so that undo and verification need no code of their own for each verb. And
//! sessions are beside the account and not in it, because no call of IAM lists them: what is collected from a twin is exactly the account. What a credential
//! can become is no part of `verdict`: it is a graph over a whole account, and has a room of its own in `reach`.

pub mod ids;
pub mod time;

pub mod intake;

pub mod catalogue;

pub mod policy;

pub mod account;

pub mod verdict;

pub mod reach;

pub mod trail;

pub mod origin;

pub mod lineage;

pub mod mount;

pub mod collect;

pub mod action;

pub mod playbook;

pub mod plan;

pub mod permissions;

pub mod rebuild;

pub mod harden;

pub mod ready;

pub mod journal;

pub mod undo;

pub mod execute;

pub mod twin;

pub mod rehearse;

pub mod live;

pub mod tabletop;

pub mod report;

pub mod cli;
