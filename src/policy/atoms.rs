//! All the ways in which texts can fit a number of patterns: one text for each way, found by walking all patterns at once.
//!
//! What a set of policies says about a text depends only on which of its patterns the text fits. So a finite number of texts,
//! one for each combination that any text has, stands for all texts: a statement about them is a proof about every text, not a sample of some.

use super::glob::{Glob, Token};
use super::pattern::Parts;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Any run of characters; of an ARN's first five parts, without a colon.
    Any { colon: bool },
    /// One character.
    One { colon: bool },
    /// This character.
    Literal(char),
}

/// A pattern over whole texts.
pub(crate) type Steps = Vec<Step>;

/// The pattern of a glob.
pub(crate) fn of_glob(glob: &Glob) -> Steps {
    steps(glob.tokens(), true).collect()
}

/// The pattern of the six parts of an ARN.
pub(crate) fn of_parts(parts: &Parts) -> Steps {
    let mut all = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            all.push(Step::Literal(':'));
        }
        all.extend(steps(part.tokens(), n == 5));
    }
    all
}

fn steps(tokens: &[Token], colon: bool) -> impl Iterator<Item = Step> + '_ {
    tokens.iter().map(move |token| match token {
        Token::Any => Step::Any { colon },
        Token::One => Step::One { colon },
        Token::Literal(c) => Step::Literal(*c),
    })
}

/// States that are walked at most; beyond that there is no answer.
const MOST_STATES: usize = 30_000;
/// Positions that are in play at once at most.
const WIDEST: usize = 512;

/// Texts that fit the pattern `of`, one for each combination of the other patterns that any such text fits. `None` when the
/// patterns are too intricate to be walked.
pub(crate) fn atoms(of: &Steps, others: &[Steps]) -> Option<Vec<String>> {
    let mut patterns = vec![of.clone()];
    for other in others {
        if !patterns.contains(other) {
            patterns.push(other.clone());
        }
    }
    // A pattern that one text alone fits is its own combination; the others need walking only.
    let (single, wild): (Vec<&Steps>, Vec<&Steps>) = patterns.iter().partition(|steps| text_of(steps).is_some());
    let singles: BTreeSet<String> = single.iter().filter_map(|steps| text_of(steps)).collect();
    let mut found = walk(of, &wild, &singles)?;
    found.extend(singles.into_iter().filter(|text| fits(of, text)));
    Some(found)
}

fn text_of(steps: &Steps) -> Option<String> {
    let letters = steps.iter().map(|step| match step {
        Step::Literal(c) => Some(*c),
        Step::Any { .. } | Step::One { .. } => None,
    });
    letters.collect()
}

/// Places in all patterns at once: pattern and position.
type Places = Vec<(u16, u16)>;

struct Walk<'s> {
    patterns: &'s [&'s Steps],
}

impl Walk<'_> {
    fn step(&self, (pattern, at): (u16, u16)) -> Option<Step> {
        let steps = self.patterns.get(usize::from(pattern))?;
        steps.get(usize::from(at)).copied()
    }

    /// Adds a place and those that a `*` lets it skip to.
    fn add(&self, mut place: (u16, u16), places: &mut Places) {
        loop {
            if !places.contains(&place) {
                places.push(place);
            }
            match self.step(place) {
                Some(Step::Any { .. }) => place.1 += 1,
                _ => return,
            }
        }
    }

    fn next(&self, places: &Places, c: char) -> Places {
        let mut next = Places::new();
        for place in places {
            match self.step(*place) {
                Some(Step::Any { colon }) if colon || c != ':' => self.add(*place, &mut next),
                Some(Step::One { colon }) if colon || c != ':' => self.add((place.0, place.1 + 1), &mut next),
                Some(Step::Literal(wanted)) if wanted == c => self.add((place.0, place.1 + 1), &mut next),
                _ => {}
            }
        }
        next.sort_unstable();
        next
    }

    /// Which patterns a text that ends here fits.
    fn fitting(&self, places: &Places) -> Vec<u16> {
        let ended = places.iter().filter(|place| self.step(**place).is_none());
        ended.map(|place| place.0).collect()
    }
}

/// A place that was reached: from which, by which character.
type Reached = (usize, char);

fn walk(of: &Steps, wild: &[&Steps], singles: &BTreeSet<String>) -> Option<Vec<String>> {
    let walk = Walk { patterns: wild };
    let Some(main) = wild.iter().position(|steps| *steps == of) else {
        return Some(Vec::new());
    };
    let main = u16::try_from(main).ok()?;
    let alphabet = alphabet(wild, singles);
    let mut start = Places::new();
    for pattern in 0..u16::try_from(wild.len()).ok()? {
        walk.add((pattern, 0), &mut start);
    }
    start.sort_unstable();
    let mut known: HashMap<Places, usize> = HashMap::from([(start.clone(), 0)]);
    let mut reached: Vec<Option<Reached>> = vec![None];
    let mut queue = VecDeque::from([(start, 0usize)]);
    let mut combinations: HashMap<Vec<u16>, String> = HashMap::new();
    while let Some((places, number)) = queue.pop_front() {
        let fitting = walk.fitting(&places);
        if fitting.contains(&main) && !combinations.contains_key(&fitting) {
            let text = spelled(&reached, number);
            let text = beside(text, singles, &walk, &fitting, &alphabet)?;
            combinations.insert(fitting, text);
        }
        for c in &alphabet {
            let next = walk.next(&places, *c);
            // Where the pattern that texts must fit is lost, nothing more is to be found.
            if !next.iter().any(|place| place.0 == main) || known.contains_key(&next) {
                continue;
            }
            if known.len() >= MOST_STATES || next.len() > WIDEST {
                return None;
            }
            let id = reached.len();
            known.insert(next.clone(), id);
            reached.push(Some((number, *c)));
            queue.push_back((next, id));
        }
    }
    let mut found: Vec<String> = combinations.into_values().collect();
    found.sort();
    Some(found)
}

/// Every character that patterns name, and first one that neither they nor single texts name, which stands for all others.
fn alphabet(patterns: &[&Steps], singles: &BTreeSet<String>) -> Vec<char> {
    let mut letters: BTreeSet<char> = BTreeSet::new();
    for step in patterns.iter().flat_map(|steps| steps.iter()) {
        if let Step::Literal(c) = step {
            letters.insert(*c);
        }
    }
    let other = ('a'..='z').chain('A'..='Z').chain('\u{c0}'..='\u{17f}');
    let other = other
        .into_iter()
        .find(|c| !letters.contains(c) && !singles.iter().any(|text| text.contains(*c)));
    other.into_iter().chain(letters).collect()
}

fn spelled(reached: &[Option<Reached>], mut at: usize) -> String {
    let mut letters = Vec::new();
    while let Some(Some((from, c))) = reached.get(at) {
        letters.push(*c);
        at = *from;
    }
    letters.iter().rev().collect()
}

/// `text`, or another of the same combination when a single text stands there, which is looked at by itself. `None` when
/// adding or changing a few characters leads to no other: then it isn't known whether the combination has one.
fn beside(
    text: String,
    singles: &BTreeSet<String>,
    walk: &Walk<'_>,
    fitting: &[u16],
    alphabet: &[char],
) -> Option<String> {
    if !singles.contains(&text) {
        return Some(text);
    }
    let letters: Vec<char> = text.chars().collect();
    let alike = |candidate: &String| {
        let fits_as_wanted = |(n, steps): (usize, &&Steps)| {
            let wanted = fitting.iter().any(|pattern| usize::from(*pattern) == n);
            fits(steps, candidate) == wanted
        };
        !singles.contains(candidate) && walk.patterns.iter().enumerate().all(fits_as_wanted)
    };
    let letters = &letters;
    let changed = (1..=4).flat_map(|times| {
        (0..=letters.len()).rev().flat_map(move |at| {
            alphabet.iter().flat_map(move |c| {
                let (front, back) = letters.split_at(at);
                let new = std::iter::repeat_n(c, times);
                let inserted: String = front.iter().chain(new.clone()).chain(back).collect();
                let replaced: String = front.iter().chain(new).chain(back.iter().skip(1)).collect();
                [inserted, replaced]
            })
        })
    });
    changed.into_iter().find(alike)
}

/// Whether the whole of `text` fits.
pub(crate) fn fits(steps: &Steps, text: &str) -> bool {
    let patterns = [steps];
    let walk = Walk { patterns: &patterns };
    let mut places = Places::new();
    walk.add((0, 0), &mut places);
    for c in text.chars() {
        places = walk.next(&places, c);
    }
    !walk.fitting(&places).is_empty()
}

/// Whether any text fits both.
pub(crate) fn meet(one: &Steps, two: &Steps) -> bool {
    // Places in both: each step is one of the other's or a skip.
    let mut seen = vec![false; (one.len() + 1) * (two.len() + 1)];
    let mut open = vec![(0usize, 0usize)];
    while let Some((a, b)) = open.pop() {
        match seen.get_mut(a * (two.len() + 1) + b) {
            Some(known) if !*known => *known = true,
            _ => continue,
        }
        match (one.get(a), two.get(b)) {
            (None, None) => return true,
            (x, y) => {
                if matches!(x, Some(Step::Any { .. })) {
                    open.push((a + 1, b));
                }
                if matches!(y, Some(Step::Any { .. })) {
                    open.push((a, b + 1));
                }
                if let (Some(x), Some(y)) = (x, y)
                    && share(*x, *y)
                {
                    let stays = |step: &Step| matches!(step, Step::Any { .. });
                    let next_a = if stays(x) { a } else { a + 1 };
                    let next_b = if stays(y) { b } else { b + 1 };
                    open.push((next_a, next_b));
                }
            }
        }
    }
    false
}

/// Whether one character can serve both steps.
fn share(one: Step, two: Step) -> bool {
    let takes = |step: Step, c: char| match step {
        Step::Any { colon } | Step::One { colon } => colon || c != ':',
        Step::Literal(wanted) => wanted == c,
    };
    match (one, two) {
        (Step::Literal(c), other) | (other, Step::Literal(c)) => takes(other, c),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn glob(text: &str) -> Steps {
        of_glob(&Glob::wild(text))
    }

    #[test]
    fn each_combination_has_a_text() {
        let found = atoms(&glob("*"), &[glob("a*"), glob("*b"), glob("ab")]).unwrap();
        let ways: BTreeSet<Vec<bool>> = found
            .iter()
            .map(|text| ["a*", "*b", "ab"].map(|pattern| fits(&glob(pattern), text)).to_vec())
            .collect();
        assert_eq!(ways.len(), 5, "{found:?}");
    }

    #[test]
    fn a_hostile_number_of_stars_is_given_up_or_done_but_not_waited_for() {
        let many: Vec<Steps> = (0..40).map(|n| glob(&format!("*a*{n}*b*{}*c*", n * 7))).collect();
        assert!(atoms(&glob("*"), &many).is_none_or(|found| !found.is_empty()));
    }

    proptest! {
        /// Every text, however made, fits just the patterns that some found text fits.
        #[test]
        fn every_text_is_stood_for(patterns in prop::collection::vec("[ab*?]{0,4}", 1..5), text in "[abc]{0,5}") {
            let patterns: Vec<Steps> = patterns.iter().map(|pattern| glob(pattern)).collect();
            let Some(found) = atoms(&glob("*"), &patterns) else { return Ok(()) };
            let way = |text: &str| patterns.iter().map(|pattern| fits(pattern, text)).collect::<Vec<_>>();
            prop_assert!(found.iter().any(|one| way(one) == way(&text)), "{:?} {:?}", text, found);
        }

        #[test]
        fn walking_and_matching_agree(pattern in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            prop_assert_eq!(fits(&glob(&pattern), &text), Glob::wild(&pattern).matches(&text));
        }

        #[test]
        fn patterns_meet_when_a_text_fits_both(one in "[ab*?]{0,4}", two in "[ab*?]{0,4}") {
            let Some(found) = atoms(&glob(&one), &[glob(&two)]) else { return Ok(()) };
            let both = found.iter().any(|text| fits(&glob(&two), text));
            prop_assert_eq!(meet(&glob(&one), &glob(&two)), both);
        }
    }
}
