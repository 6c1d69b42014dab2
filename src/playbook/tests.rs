use super::*;

const HEAD: &str = "name = \"x\"\ntitle = \"x\"\n";

fn step(verb: &str) -> String {
    format!("[[step]]\nverb = {verb}\nend = \"contain\"\nwhy = \"w\"\n")
}

fn fault(text: &str) -> (Code, usize, usize, String) {
    let faults = Playbook::parse(text).unwrap_err();
    let first = faults.first().unwrap();
    let (line, column) = first.line_and_column(text);
    (first.code, line, column, first.message.clone())
}

#[test]
fn every_playbook_of_the_catalogue_is_sound() {
    for (name, text) in CATALOGUE {
        let playbook = Playbook::parse(text).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        assert_eq!(playbook.name, *name);
        assert!(!playbook.sources.is_empty());
    }
}

#[test]
fn faults_point_at_line_and_column() {
    let text = format!("{HEAD}{}", step("\"explode\""));
    assert_eq!(
        fault(&text),
        (Code::UnknownVerb, 4, 8, "there is no verb `explode`".into())
    );
    let text = format!("{HEAD}[[step]]\nverb = \"hold\"\nend = \"contain\"\nwhy = \"w\"\nseconds = 0\n");
    assert_eq!(fault(&text).0, Code::Value);
    assert_eq!((fault(&text).1, fault(&text).2), (7, 11));
    let text = format!("{HEAD}{}which = \"all\"\n", step("\"evidence\""));
    assert_eq!((fault(&text).0, fault(&text).1), (Code::Field, 7));
    let text = format!("{HEAD}{}", step("\"hold\""));
    assert_eq!((fault(&text).0, fault(&text).1), (Code::Field, 4));
    assert_eq!(fault("name = \"x\"\ntitle = \n").0, Code::Syntax);
    assert_eq!(fault(&format!("{HEAD}typo = 1\n")).0, Code::Syntax);
    assert_eq!(fault(HEAD).0, Code::Field);
}

#[test]
fn the_naive_order_is_a_fault_and_is_still_readable_for_an_exercise() {
    let revoke = format!("{}margin_seconds = 0\n", step("\"revoke_older_sessions\""));
    let text = format!("{HEAD}{}{revoke}", step("\"evidence\""));
    assert_eq!((fault(&text).0, fault(&text).1), (Code::Order, 8));
    let (playbook, faults) = Playbook::parse_in_any_order(&text).unwrap();
    assert_eq!(playbook.steps.len(), 2);
    assert!(faults.iter().all(|fault| fault.code == Code::Order));
    assert_eq!(faults.len(), 3);
}

#[test]
fn every_reordering_that_removes_the_deny_early_is_a_fault() {
    let good = Playbook::parse(CATALOGUE[0].1).unwrap();
    let mut bad = good.clone();
    let deny = bad
        .steps
        .iter()
        .position(|step| step.verb == Verb::DeleteDenies)
        .unwrap();
    let step = bad.steps.remove(deny);
    bad.steps.insert(9, step);
    assert!(!order::check(&bad, &[]).is_empty());
    assert!(order::check(&good, &[]).is_empty());
}

#[test]
fn a_policy_over_the_account_behind_another_deny_is_a_fault() {
    let good = Playbook::parse(CATALOGUE[0].1).unwrap();
    let is_it = |step: &PlaybookStep| matches!(step.verb, Verb::DenyByScp { .. });
    let place = good.steps.iter().position(is_it).unwrap();
    assert_eq!(place, 1);
    for to in 2..8 {
        let mut bad = good.clone();
        let step = bad.steps.remove(place);
        bad.steps.insert(to, step);
        let faults = order::check(&bad, &[]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].help.as_ref().unwrap().contains("before all other denies"));
    }
}

#[test]
fn codes_are_unique() {
    let codes: std::collections::BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.len(), Code::ALL.len());
}
