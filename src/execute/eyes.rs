//! Eyes: each thing that a hold watches is looked at in a loop of its own, so that nothing waits for anything else.
//!
//! One slow answer, or one throttled request, holds up nobody but its own eye, and what must be written goes out at once beside the looks.

use super::meanwhile::{Keys, Roles, Users, key_statuses, roles, users};
use crate::action::{Change, Member, Setting, read, write};
use crate::mount::{AwsError, Clients, Writable};
use crate::time::Moment;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::VecDeque;
use std::time::Duration;

/// How many looks are under way at once. IAM tells no rate; whom it throttles waits longer and longer.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const AT_ONCE: usize = 32;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Eye {
    /// The member of the cut of this number.
    Cut(usize),
    /// Who of the users is there.
    Users,
    /// Who of the roles is there, and whom they trust.
    Roles,
    /// The access keys of a user: every cut of a key of his, and new ones.
    Keys(String),
}

/// What came back.
pub(super) enum Answer {
    /// It is time for this eye to look.
    Awake(Eye),
    /// The member of a cut.
    Cut(usize, Result<Setting, AwsError>),
    /// The user or role of a cut whose member is not there.
    Owner(usize, Result<Setting, AwsError>),
    /// The call of a cut.
    Written(usize, Result<(), AwsError>),
    /// The users.
    Users(Result<Users, AwsError>),
    /// The roles.
    Roles(Result<Roles, AwsError>),
    /// The keys of a user, and when they were asked for.
    Keys(String, Moment, Result<Keys, AwsError>),
}

/// Requests under way.
pub(super) struct Eyes<'w> {
    world: Writable<'w>,
    /// What looks with: changes are made with the world's own.
    looking: Clients,
    under_way: FuturesUnordered<LocalBoxFuture<'w, Answer>>,
    /// Looks that wait for others to end.
    waiting: VecDeque<(Eye, Option<Member>)>,
    looks: usize,
    writing: usize,
}

impl<'w> Eyes<'w> {
    pub(super) fn on(world: Writable<'w>) -> Self {
        Eyes {
            world,
            looking: world.clients().looking(),
            under_way: FuturesUnordered::new(),
            waiting: VecDeque::new(),
            looks: 0,
            writing: 0,
        }
    }

    fn clients(&self) -> &'w Clients {
        self.world.clients()
    }

    /// Lets `eye` sleep for a while.
    pub(super) fn sleep(&mut self, eye: Eye, time: Duration) {
        let clients = self.clients();
        self.under_way.push(
            async move {
                clients.rest(time).await;
                Answer::Awake(eye)
            }
            .boxed_local(),
        );
    }

    /// Looks: at `member`, where the eye is one of a cut.
    pub(super) fn look(&mut self, eye: Eye, member: Option<Member>) {
        self.waiting.push_back((eye, member));
        self.look_more();
    }

    fn look_more(&mut self) {
        while self.looks < AT_ONCE
            && let Some((eye, member)) = self.waiting.pop_front()
        {
            self.looks += 1;
            let clients = self.looking.clone();
            let look = async move { looked(&clients, eye, member).await };
            self.under_way.push(look.boxed_local());
        }
    }

    /// Looks whether the user or role of the cut numbered `n` is there.
    pub(super) fn look_at_owner(&mut self, n: usize, owner: Member) {
        let clients = self.looking.clone();
        self.looks += 1;
        self.under_way
            .push(async move { Answer::Owner(n, read(&clients, &owner).await) }.boxed_local());
    }

    /// Makes the change of the cut numbered `n`, whatever else is under way.
    pub(super) fn write(&mut self, n: usize, change: Change) {
        let world = self.world;
        self.writing += 1;
        self.under_way
            .push(async move { Answer::Written(n, write(world, &change).await) }.boxed_local());
    }

    /// Whether a change is under way.
    pub(super) fn is_writing(&self) -> bool {
        self.writing > 0
    }

    /// Waits for an answer, and gives all that are there by then.
    pub(super) async fn answers(&mut self) -> Vec<Answer> {
        let mut answers: Vec<Answer> = self.under_way.next().await.into_iter().collect();
        while let Some(Some(answer)) = self.under_way.next().now_or_never() {
            answers.push(answer);
        }
        for answer in &answers {
            match answer {
                Answer::Awake(_) => {}
                Answer::Written(..) => self.writing = self.writing.saturating_sub(1),
                _ => self.looks = self.looks.saturating_sub(1),
            }
        }
        self.look_more();
        answers
    }
}

async fn looked(clients: &Clients, eye: Eye, member: Option<Member>) -> Answer {
    match (eye, member) {
        (Eye::Cut(n), Some(member)) => Answer::Cut(n, read(clients, &member).await),
        // An eye without anything to look at sees that nothing is there.
        (Eye::Cut(n), None) => Answer::Cut(n, Ok(Setting::Absent)),
        (Eye::Users, _) => Answer::Users(users(clients).await),
        (Eye::Roles, _) => Answer::Roles(roles(clients).await),
        (Eye::Keys(user), _) => {
            let asked = clients.now();
            let found = key_statuses(clients, &user).await;
            Answer::Keys(user, asked, found)
        }
    }
}
