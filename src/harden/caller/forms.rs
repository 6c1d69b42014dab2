//! What identities are written like: the same names in the same order, and other texts in each. One that has the form of another is understood by
//! comparing what is the same, without a look at any name.

use super::{Caller, READ, plainly};

/// So many forms are remembered: an archive has about a dozen.
const MOST: usize = 16;

/// One form.
#[derive(Debug)]
struct Form {
    /// What stands before each text, one behind the other, and behind the last.
    same: Box<[u8]>,
    /// Where each of them ends, but the last, and which member the text is that follows.
    gaps: Vec<(usize, Option<usize>)>,
}

impl Form {
    /// The form of an identity that is written as CloudTrail does, with its members.
    fn of(identity: &str) -> Option<(Form, [Option<&str>; READ])> {
        let (mut same, mut gaps, mut from) = (Vec::new(), Vec::new(), 0);
        let told = plainly(identity, |n, text| {
            let at = text.as_ptr() as usize - identity.as_ptr() as usize;
            same.extend_from_slice(identity.as_bytes().get(from..at).unwrap_or_default());
            gaps.push((same.len(), n));
            from = at + text.len();
        })?;
        same.extend_from_slice(identity.as_bytes().get(from..)?);
        let same = same.into_boxed_slice();
        Some((Form { same, gaps }, told))
    }

    /// The members of an identity of this form.
    fn told<'t>(&self, identity: &'t str) -> Option<[Option<&'t str>; READ]> {
        let mut told = [None; READ];
        let (mut at, mut from) = (0, 0);
        for (to, n) in &self.gaps {
            let same = self.same.get(from..*to)?;
            let rest = identity.as_bytes().get(at..)?;
            if !rest.starts_with(same) {
                return None;
            }
            at += same.len();
            let length = memchr::memchr2(b'"', b'\\', rest.get(same.len()..)?)?;
            if let Some(n) = n {
                *told.get_mut(*n)? = identity.get(at..at + length);
            }
            at += length;
            from = *to;
        }
        (identity.as_bytes().get(at..) == self.same.get(from..)).then_some(told)
    }
}

/// The forms that were met, those that come often first.
#[derive(Debug, Default)]
pub(in crate::harden) struct Forms(Vec<Form>);

impl Forms {
    /// Reads `userIdentity`, as [`Caller::of`] does.
    pub(in crate::harden) fn caller(&mut self, identity: &[u8]) -> Option<Caller> {
        let Ok(text) = std::str::from_utf8(identity) else {
            return Caller::of(identity);
        };
        let mut forms = self.0.iter().enumerate();
        if let Some((n, told)) = forms.find_map(|(n, form)| Some((n, form.told(text)?))) {
            if n > 0 {
                self.0.swap(n - 1, n);
            }
            return Some(Caller::of_texts(told));
        }
        let Some((form, told)) = Form::of(text) else {
            return Caller::of(identity);
        };
        if self.0.len() == MOST {
            self.0.pop();
        }
        self.0.push(form);
        Some(Caller::of_texts(told))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use proptest::prelude::*;

    /// Identities that are like each other, some of them odd.
    fn any_identity() -> impl Strategy<Value = String> {
        let text = prop_oneof![
            "[a-zA-Z0-9:/@.é -]{0,12}".prop_map(|text| format!("\"{text}\"")),
            Just("\"a\\\"b\"".to_owned()),
            Just("null".to_owned()),
            Just("{\"arn\":\"x\"}".to_owned()),
            Just("[\"y\"]".to_owned()),
            Just("5".to_owned()),
        ];
        let likely = prop_oneof![9 => "[a-z]{0,6}".prop_map(|text| format!("\"{text}\"")), 1 => text];
        let named = |names: &'static [&'static str], values: Vec<String>, count: usize| {
            let each = names.iter().zip(values).take(count);
            each.map(|(name, value)| format!("\"{name}\":{value}"))
                .collect::<Vec<_>>()
                .join(",")
        };
        (
            prop::collection::vec(likely.clone(), 8),
            0_usize..9,
            prop::collection::vec(likely, 4),
            0_usize..5,
        )
            .prop_map(move |(values, count, inner, inside)| {
                const ISSUER: [&str; 4] = ["type", "arn", "userName", "arn"];
                const MEMBERS: [&str; 8] = [
                    "type",
                    "principalId",
                    "arn",
                    "accountId",
                    "accessKeyId",
                    "userName",
                    "invokedBy",
                    "arn",
                ];
                let own = named(&MEMBERS, values, count);
                let issuer = named(&ISSUER, inner, inside);
                let comma = if own.is_empty() { "" } else { "," };
                format!("{{{own}{comma}\"sessionContext\":{{\"sessionIssuer\":{{{issuer}}}}}}}")
            })
    }

    proptest! {
        /// Whatever came before: one by its form is who it is by itself.
        #[test]
        fn a_form_tells_what_the_identity_tells(all in prop::collection::vec(any_identity(), 1..40)) {
            let mut forms = Forms::default();
            for identity in &all {
                let members = |caller: Option<Caller>| caller.map(|caller| caller.members().map(|member| member.map(str::to_owned)));
                let told = members(forms.caller(identity.as_bytes()));
                prop_assert_eq!(told, members(Caller::of(identity.as_bytes())), "{}", identity);
            }
        }
    }

    #[test]
    fn another_session_has_the_form_of_the_first() {
        let mut forms = Forms::default();
        for key in ["ASIA1", "ASIA22", ""] {
            let identity = format!(
                r#"{{"type":"AssumedRole","accessKeyId":"{key}","sessionContext":{{"webIdFederationData":{{}}}}}}"#
            );
            assert!(forms.caller(identity.as_bytes()).is_some());
        }
        assert_eq!(forms.0.len(), 1);
    }
}
