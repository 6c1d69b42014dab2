use super::*;
use crate::action::{Change, Member, Setting};
use crate::ids::StepId;
use crate::policy::PolicyText;
use crate::time::Moment;

fn written() -> String {
    let mut journal = Journal::in_memory();
    let step: StepId = "1".parse().unwrap();
    for n in 0..4 {
        let event = Event::Held {
            step: step.clone(),
            seconds: n,
        };
        journal.append(Moment::from_millis(i64::from(n)), event).unwrap();
    }
    journal.to_text().unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    let entries = read(&written()).unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!(
        entries[3].event,
        Event::Held {
            step: "1".parse().unwrap(),
            seconds: 3
        }
    );
}

#[test]
fn a_changed_line_and_a_missing_line_are_recognized() {
    let text = written();
    let changed = text.replacen("\"seconds\":1", "\"seconds\":9", 1);
    assert!(matches!(read(&changed), Err(JournalError::Broken { line: 3 })));
    let cut: String = text
        .lines()
        .enumerate()
        .filter(|(n, _)| *n != 1)
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    assert!(matches!(read(&cut), Err(JournalError::Broken { line: 2 })));
    let torn = &text[..text.len() - 10];
    assert!(matches!(read(torn), Err(JournalError::Damaged { line: 4, .. })));
}

#[test]
fn a_journal_file_goes_on_where_it_ended_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let step: StepId = "1".parse().unwrap();
    Journal::create(&path)
        .unwrap()
        .append(Moment::from_millis(0), Event::AlreadySo { step: step.clone() })
        .unwrap();
    assert!(Journal::create(&path).is_err());
    Journal::reopen(&path)
        .unwrap()
        .append(Moment::from_millis(1), Event::Declined { step })
        .unwrap();
    assert_eq!(read(&std::fs::read_to_string(&path).unwrap()).unwrap().len(), 2);
}

/// A later wave moved a cut on, by a step whose ID is before that of the first: what stands is what was set last, and a hold that kept to the older one
/// would turn the newer round.
#[test]
fn of_two_settings_of_one_member_the_later_stands() {
    let mut journal = Journal::in_memory();
    let steps: Vec<StepId> = ["7", "3", "4"].iter().map(|id| id.parse().unwrap()).collect();
    let cut = |user: &str, text: &str| Change {
        member: Member::UserPolicy {
            user: user.to_owned(),
            name: "AWSRevokeOlderSessions".to_owned(),
        },
        to: Setting::Document(PolicyText::new(text.to_owned())),
    };
    let changes = [cut("a", "older"), cut("a", "newer"), cut("b", "other")];
    for (step, change) in steps.iter().zip(&changes) {
        let intended = Event::Intended {
            step: step.clone(),
            change: change.clone(),
            before: Setting::Absent,
        };
        let verified = Event::Verified { step: step.clone() };
        journal
            .append_all(Moment::from_millis(0), vec![intended, verified])
            .unwrap();
    }
    let set = progress(journal.entries()).set;
    assert_eq!(set.keys().collect::<Vec<_>>(), [&steps[1], &steps[2]]);
    assert_eq!(set.into_values().collect::<Vec<_>>(), changes[1..]);
}

/// Every end of a run can be read again: the step at which it failed is no second moment of the entry. What was written so once is read, too.
#[test]
fn however_a_run_ended_its_journal_is_read_again() {
    let step: StepId = "12".parse().unwrap();
    let ends = [
        Finish::Completed,
        Finish::Stopped { before: step.clone() },
        Finish::Failed { at: step.clone() },
        Finish::Diverged { at: step },
    ];
    for finish in ends {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let closed = Event::Closed {
            finish: finish.clone(),
            calls: Vec::new(),
        };
        Journal::create(&path)
            .unwrap()
            .append(Moment::from_millis(7), closed)
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let once = text.replace("\"step\":", "\"at\":");
        for text in [&text, &once] {
            let entries = read(text).unwrap();
            assert_eq!(progress(&entries).finish, Some(finish.clone()), "{text}");
            assert_eq!(entries[0].at, Moment::from_millis(7));
        }
        assert!(Journal::reopen(&path).is_ok());
    }
}

/// A hold that is killed adds its cuts anew; those that it had made by then are watched from the beginning.
#[test]
fn what_a_hold_that_was_broken_off_had_cut_stands() {
    let mut journal = Journal::in_memory();
    let step: StepId = "9.1".parse().unwrap();
    let change = Change {
        member: Member::UserPolicy {
            user: "new".to_owned(),
            name: "OustDenyAll".to_owned(),
        },
        to: Setting::Document(PolicyText::new("{}")),
    };
    let hold = crate::plan::Step::new(
        "9".parse().unwrap(),
        crate::action::Action::Hold { seconds: 1 },
        &Setting::Absent,
        "",
        &crate::account::Account::empty("123456789012".parse().unwrap()),
    );
    let added = crate::plan::Step {
        id: step.clone(),
        action: crate::action::Action::Change { change: change.clone() },
        ..hold.clone()
    };
    let before = Setting::Absent;
    let events = [
        Event::Added {
            step: Box::new(added.clone()),
        },
        Event::Intended {
            step: step.clone(),
            change: change.clone(),
            before,
        },
        Event::Verified { step },
    ];
    for event in events {
        journal.append(Moment::from_millis(0), event).unwrap();
    }
    let so_far = progress(journal.entries());
    assert_eq!(so_far.standing(std::slice::from_ref(&hold)), [(added, change)]);
    assert_eq!(so_far.left(std::slice::from_ref(&hold)), [hold]);
}

/// A step whose change an earlier one had made announces it when it was turned round.
#[test]
fn what_was_so_already_and_is_turned_round_is_told_with_its_change() {
    let mut journal = Journal::in_memory();
    let step: StepId = "2".parse().unwrap();
    let change = Change {
        member: Member::User { user: "new".to_owned() },
        to: Setting::Absent,
    };
    let (found, before) = (Setting::Present, Setting::Present);
    let events = [
        Event::AlreadySo { step: step.clone() },
        Event::Contested {
            step: step.clone(),
            found,
        },
        Event::Intended {
            step: step.clone(),
            change: change.clone(),
            before,
        },
    ];
    for event in events {
        journal.append(Moment::from_millis(0), event).unwrap();
    }
    let turned = turned_round(journal.entries(), 0);
    assert_eq!(turned.len(), 1);
    assert_eq!((turned[0].step, turned[0].change), (&step, Some(&change)));
    assert_eq!(turned_round(journal.entries(), 2), []);
}
