//! What a policy writes as an action or a resource, compiled.

use super::Context;
use super::glob::{Glob, Token, walk};
use super::truth::Truth;
use super::variable::{Expanded, Template};

/// An action of a policy, such as `s3:Get*`. Service and name are case-insensitive.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[derive(Debug, Clone, PartialEq)]
pub struct ActionPattern {
    text: String,
    /// The service, where it has no wildcard: most statements are done with after comparing it.
    service: Option<Box<str>>,
    name: Glob,
    whole: Glob,
}

impl ActionPattern {
    /// The pattern that `text` writes.
    pub fn new(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (service, name) = match lower.split_once(':') {
            Some((service, name)) if !service.contains(['*', '?']) => (Some(service.into()), name),
            _ => (None, ""),
        };
        ActionPattern {
            text: text.to_owned(),
            service,
            name: Glob::wild(name),
            // `*:*` is what `*` is.
            whole: Glob::wild(if lower == "*:*" { "*" } else { &lower }),
        }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The service in lower case; `None` when it has a wildcard.
    pub(crate) fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// Whether every action fits.
    pub(crate) fn is_everything(&self) -> bool {
        self.whole.is_everything()
    }

    /// The pattern over the whole action in lower case.
    pub(crate) fn whole(&self) -> &Glob {
        &self.whole
    }

    /// Whether the action fits; all three in lower case.
    pub(super) fn fits(&self, asked: &AskedAction<'_>) -> bool {
        match &self.service {
            Some(service) => **service == *asked.service && self.name.matches(asked.name),
            None => self.whole.matches(asked.whole),
        }
    }
}

/// An action that is asked for, in lower case.
pub(super) struct AskedAction<'a> {
    whole: &'a str,
    pub(super) service: &'a str,
    name: &'a str,
}

impl<'a> AskedAction<'a> {
    pub(super) fn new(lower: &'a str) -> Self {
        let (service, name) = lower.split_once(':').unwrap_or((lower, ""));
        AskedAction {
            whole: lower,
            service,
            name,
        }
    }
}

/// A resource of a policy: `*`, or an ARN whose six parts are matched each by itself.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
#[derive(Debug, Clone, PartialEq)]
pub struct ResourcePattern {
    text: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Everything,
    Parts(Box<Parts>),
    /// Holds variables in its last part, which get their values with the request.
    Template(Box<Variable>),
    /// Holds variables before the fifth colon, where none may stand.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement>
    Misplaced,
    /// Neither `*` nor an ARN, or an ARN whose service has a wildcard: IAM refuses both.
    Odd,
}

#[derive(Debug, Clone, PartialEq)]
struct Variable {
    /// The first five parts; the sixth is everything.
    front: Parts,
    last: Template,
}

impl Variable {
    /// The pattern that `text` writes; `None` when a variable stands before the fifth colon.
    fn new(text: &str) -> Option<Variable> {
        let before = text.split("${").next().unwrap_or_default();
        let (fifth, _) = before.match_indices(':').nth(4)?;
        let (front, last) = text.split_at_checked(fifth + 1)?;
        Some(Variable {
            front: parts(front.chars().map(Token::wild).chain([Token::Any])),
            last: Template::new(last, true),
        })
    }

    fn fits(&self, asked: &AskedResource<'_>, context: &Context) -> Truth {
        let Some(last) = asked.parts.map(|[.., last]| last).filter(|_| asked.fits(&self.front)) else {
            return Truth::False;
        };
        match self.last.expand(context) {
            Expanded::Value(tokens) => walk(&tokens, last).into(),
            Expanded::Absent => Truth::False,
            Expanded::Unknown(gap) => Truth::unknown(gap),
        }
    }
}

pub(crate) type Parts = [Glob; 6];

impl ResourcePattern {
    /// The pattern that `text` writes; `variables` says whether `${...}` in it is a variable.
    pub fn new(text: &str, variables: bool) -> Self {
        let form = if text == "*" {
            Form::Everything
        } else if !is_arn_shaped(text) {
            Form::Odd
        } else if variables && text.contains("${") {
            Variable::new(text).map_or(Form::Misplaced, |variable| Form::Template(Box::new(variable)))
        } else {
            Form::Parts(Box::new(parts(text.chars().map(Token::wild))))
        };
        ResourcePattern {
            text: text.to_owned(),
            form,
        }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether IAM would take it.
    pub(super) fn is_well_formed(&self) -> bool {
        self.form != Form::Odd
    }

    /// Whether every resource fits.
    pub(crate) fn is_everything(&self) -> bool {
        self.form == Form::Everything
    }

    /// Its parts in this context: `None` for `*` and for what cannot be told.
    pub(crate) fn parts_in(&self, context: &Context) -> Option<Parts> {
        match &self.form {
            Form::Parts(parts) => Some((**parts).clone()),
            Form::Template(variable) => match variable.last.expand(context) {
                Expanded::Value(tokens) => {
                    let mut parts = variable.front.clone();
                    let [.., last] = &mut parts;
                    *last = Glob::of(tokens);
                    Some(parts)
                }
                Expanded::Absent | Expanded::Unknown(_) => None,
            },
            Form::Everything | Form::Misplaced | Form::Odd => None,
        }
    }

    /// Whether it is known in `context` what it stands for; a variable without a value stands for nothing, which is known too.
    pub(crate) fn is_resolved(&self, context: &Context) -> bool {
        match &self.form {
            Form::Template(variable) => !matches!(variable.last.expand(context), Expanded::Unknown(_)),
            Form::Misplaced | Form::Odd => false,
            Form::Everything | Form::Parts(_) => true,
        }
    }

    /// Whether the resource fits, as far as variables don't matter.
    pub(crate) fn takes(&self, resource: &str) -> bool {
        self.fits(&AskedResource::new(resource), &Context::closed()).is_true()
    }

    /// Its parts with any text in place of each variable: `None` for `*` and for what is no ARN.
    pub(crate) fn widest_parts(&self) -> Option<Parts> {
        if !matches!(self.form, Form::Template(_) | Form::Misplaced) {
            return None;
        }
        let mut tokens = Vec::new();
        let mut rest = self.text.as_str();
        while let Some((before, behind)) = rest.split_once("${") {
            tokens.extend(before.chars().map(Token::wild));
            tokens.push(Token::Any);
            rest = behind.split_once('}').map_or("", |(_, after)| after);
        }
        tokens.extend(rest.chars().map(Token::wild));
        Some(parts(tokens.into_iter()))
    }

    /// The parts of an ARN pattern without variables, whatever its service.
    pub(crate) fn new_glob(text: &str) -> Option<Parts> {
        arn_parts(text.chars().map(Token::wild).collect())
    }

    /// Whether the resource fits. A variable without a value fits nothing.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    pub(super) fn fits(&self, asked: &AskedResource<'_>, context: &Context) -> Truth {
        match &self.form {
            Form::Everything => Truth::True,
            Form::Parts(parts) => asked.fits(parts).into(),
            Form::Template(variable) => variable.fits(asked, context),
            Form::Misplaced => Truth::unsupported(format!(
                "the variable before the fifth colon of the resource `{}`",
                self.text
            )),
            Form::Odd => Truth::unsupported(format!("the resource `{}`", self.text)),
        }
    }
}

/// Whether `text` begins as an ARN does and names its service without a wildcard.
fn is_arn_shaped(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    parts.next() == Some("arn") && parts.next().is_some() && {
        // `arn:aws:*` stands for everything in the partition: what is missing behind it is completed with `*`.
        let service = parts.next().unwrap_or("*");
        !service.contains(['*', '?']) || (service == "*" && parts.all(|part| part == "*"))
    }
}

/// The six parts of an ARN pattern; missing ones are `*`. Only the first five colons part it.
fn parts(tokens: impl Iterator<Item = Token>) -> Parts {
    let mut parts: [Vec<Token>; 6] = Default::default();
    let mut at = 0;
    for token in tokens {
        match token {
            Token::Literal(':') if at < 5 => at += 1,
            token => parts.iter_mut().skip(at).take(1).for_each(|part| part.push(token)),
        }
    }
    for missing in parts.iter_mut().skip(at + 1) {
        missing.push(Token::Any);
    }
    parts.map(Glob::of)
}

/// A pattern over ARNs in a condition: parted too, but a missing part makes it no ARN.
pub(crate) fn arn_parts(tokens: Vec<Token>) -> Option<Parts> {
    let colons = tokens.iter().filter(|token| **token == Token::Literal(':')).count();
    (colons >= 5).then(|| parts(tokens.into_iter()))
}

/// A resource that is asked for.
pub(super) struct AskedResource<'a> {
    parts: Option<[&'a str; 6]>,
}

impl<'a> AskedResource<'a> {
    pub(super) fn new(resource: &'a str) -> Self {
        let mut parts = [""; 6];
        let mut count = 0;
        for (place, part) in parts.iter_mut().zip(resource.splitn(6, ':')) {
            *place = part;
            count += 1;
        }
        AskedResource {
            parts: (count == 6).then_some(parts),
        }
    }

    /// `*`, which an action without resources is asked on, fits no ARN.
    pub(super) fn fits(&self, pattern: &Parts) -> bool {
        self.parts
            .is_some_and(|parts| pattern.iter().zip(parts).all(|(pattern, part)| pattern.matches(part)))
    }
}
