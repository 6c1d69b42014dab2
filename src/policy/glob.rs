//! Wildcards: `*` for any run of characters, `?` for exactly one.

/// Whether `pattern` matches all of `text`. Linear in the text for each `*`, never exponential.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches(&pattern, &text)
}

/// The same without regard to case, as actions are compared.
pub(super) fn glob_ignoring_case(pattern: &str, text: &str) -> bool {
    glob(&pattern.to_lowercase(), &text.to_lowercase())
}

/// Two pointers: on a mismatch, the last `*` swallows one character more.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || Some(&c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    p = star + 1;
                    t = from + 1;
                    retry = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Whether a resource pattern matches an ARN: the first five parts each on their own, the resource part as a whole.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
pub(super) fn glob_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if !pattern.starts_with("arn:") || !arn.starts_with("arn:") {
        return glob(pattern, arn);
    }
    let mut wanted: Vec<&str> = pattern.splitn(6, ':').collect();
    // A pattern with fewer than six parts is completed with `*`.
    wanted.resize(6, "*");
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    parts.len() == 6 && wanted.iter().zip(&parts).all(|(pattern, part)| glob(pattern, part))
}
