//! The request context: condition keys with their values.

use std::collections::BTreeMap;

/// Condition keys with their values. Names are case-insensitive:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
///
/// A *closed* context is that of a real request: a key that isn't in it is absent. An *open* one is that of a question about
/// all requests that a credential could make: keys set here are fixed, keys declared absent are absent, all others are free,
/// and a condition that hangs on a free key is neither true nor false.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Vec<String>>,
    /// Keys whose value isn't known, and whether they are there for sure.
    free: BTreeMap<String, bool>,
    open: bool,
}

impl Context {
    /// The empty context of a real request.
    pub fn closed() -> Self {
        Context::default()
    }

    /// The empty context of a question about all requests.
    pub fn open() -> Self {
        Context {
            open: true,
            ..Context::default()
        }
    }

    /// The same keys, every other one absent.
    pub fn into_closed(self) -> Self {
        Context { open: false, ..self }
    }

    /// The same keys, every other one free.
    pub fn into_open(self) -> Self {
        Context { open: true, ..self }
    }

    /// The same keys with those of `extra` beside them; `extra` wins.
    #[must_use]
    pub fn with(mut self, extra: &Context) -> Self {
        for (key, is_there) in &extra.free {
            self.keys.remove(key);
            self.free.insert(key.clone(), *is_there);
        }
        for (key, values) in &extra.keys {
            self.free.remove(key);
            self.keys.insert(key.clone(), values.clone());
        }
        self
    }

    /// Whether keys that are not in it are free.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Sets a key to one value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.set_all(key, vec![value.into()]);
    }

    /// Sets a key to several values.
    pub fn set_all(&mut self, key: &str, values: Vec<String>) {
        let lower = key.to_ascii_lowercase();
        self.free.remove(&lower);
        self.keys.insert(lower, values);
    }

    /// Declares a key absent, which matters in an open context. A name that ends with `/`, such as `aws:PrincipalTag/`,
    /// declares every key under it absent that isn't set.
    pub fn set_absent(&mut self, key: &str) {
        self.set_all(key, Vec::new());
    }

    /// Says that it isn't known whether a key is there and with what value, in a closed context too.
    pub fn set_free(&mut self, key: &str) {
        let lower = key.to_ascii_lowercase();
        self.keys.remove(&lower);
        self.free.insert(lower, false);
    }

    /// Says that a key is there with a value that isn't known, in a closed context too.
    pub fn set_untold(&mut self, key: &str) {
        let lower = key.to_ascii_lowercase();
        self.keys.remove(&lower);
        self.free.insert(lower, true);
    }

    /// Whether a key in lower case, whose value isn't known, is there for sure.
    pub(super) fn is_untold(&self, key: &str) -> bool {
        self.free.get(key).is_some_and(|there| *there)
    }

    /// Makes a key free again, in an open context.
    pub(crate) fn unset(&mut self, key: &str) {
        self.keys.remove(&key.to_ascii_lowercase());
    }

    /// The keys that are set, in lower case, with their values.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[String])> {
        let set = self.keys.iter().filter(|(_, values)| !values.is_empty());
        set.map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// The key's values: `Some(&[])` when it is absent, `None` when it is free.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.get_lower(&key.to_ascii_lowercase())
    }

    /// The same for a key in lower case.
    pub(super) fn get_lower(&self, key: &str) -> Option<&[String]> {
        match self.keys.get(key) {
            Some(values) => Some(values),
            None if self.free.contains_key(key) => None,
            None if self.open && !self.is_family_absent(key) => None,
            None => Some(&[]),
        }
    }

    fn is_family_absent(&self, key: &str) -> bool {
        let end = key.find('/').map(|slash| slash + 1);
        end.and_then(|end| key.get(..end))
            .is_some_and(|family| self.keys.contains_key(family))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(context: &Context, key: &str) -> Option<Vec<String>> {
        context.get(key).map(<[String]>::to_vec)
    }

    #[test]
    fn what_stands_beside_wins_whether_it_is_known_or_not() {
        let mut base = Context::closed();
        base.set("aws:SourceIp", "198.51.100.7");
        base.set("aws:username", "ann");
        base.set_untold("aws:SourceVpc");
        base.set_free("aws:SourceVpce");
        let mut extra = Context::open();
        extra.set("AWS:SourceIp", "203.0.113.66");
        extra.set_untold("aws:UserName");
        extra.set("aws:SourceVpce", "vpce-1");
        extra.set_absent("aws:SourceVpc");
        let both = base.with(&extra);
        assert_eq!(values(&both, "aws:SourceIp"), Some(vec!["203.0.113.66".to_owned()]));
        assert_eq!(values(&both, "aws:username"), None);
        assert!(both.is_untold("aws:username"));
        assert_eq!(values(&both, "aws:SourceVpce"), Some(vec!["vpce-1".to_owned()]));
        assert_eq!(values(&both, "aws:SourceVpc"), Some(Vec::new()));
        assert!(!both.is_untold("aws:sourcevpc"), "what is absent isn't there");
        assert!(!both.is_open(), "openness is the base's");
        assert_eq!(values(&both, "aws:SourceArn"), Some(Vec::new()));
    }

    #[test]
    fn a_key_that_is_set_is_no_longer_untold() {
        let mut context = Context::closed();
        context.set_untold("aws:SourceVpc");
        context.set("aws:SourceVpc", "vpc-1");
        assert!(!context.is_untold("aws:sourcevpc"));
        context.set_free("aws:SourceVpc");
        assert_eq!(values(&context, "aws:SourceVpc"), None);
    }
}
