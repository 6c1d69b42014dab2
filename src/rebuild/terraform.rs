//! Users as a Terraform configuration. Policies are written as the text that they were.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_user>

use super::parts::Parts;
use crate::account::Account;
use std::fmt::Write as _;

/// The configuration.
pub(super) fn configuration(users: &[Parts], account: &Account) -> String {
    let mut out = String::new();
    line(
        &mut out,
        &comment(&format!(
            "Users of account {} that oust deleted, as they were before.",
            account.id
        )),
    );
    line(
        &mut out,
        "terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n    }\n  }\n}",
    );
    for (n, parts) in users.iter().enumerate() {
        user(&mut out, &format!("user{}", n + 1), parts);
    }
    out
}

fn user(out: &mut String, label: &str, parts: &Parts) {
    let user = &parts.user;
    line(out, "");
    line(out, &comment("Cannot be built again:"));
    parts
        .lost
        .iter()
        .for_each(|text| line(out, &comment(&format!("- {text}"))));
    if !parts.left_out.is_empty() {
        line(out, &comment("Left out, or to be looked at:"));
        parts
            .left_out
            .iter()
            .for_each(|text| line(out, &comment(&format!("- {text}"))));
    }
    let mut members = vec![("name", quoted(&user.name)), ("path", quoted(&user.path))];
    members.extend(
        user.boundary
            .iter()
            .map(|arn| ("permissions_boundary", quoted(arn.as_str()))),
    );
    if !user.tags.is_empty() {
        let tags = user
            .tags
            .iter()
            .map(|(key, value)| format!("    {} = {}\n", quoted(key), quoted(value)));
        members.push(("tags", format!("{{\n{}  }}", tags.collect::<String>())));
    }
    resource(out, "aws_iam_user", label, &members);
    let name = || ("user", format!("aws_iam_user.{label}.name"));
    for (n, (policy, text)) in user.inline.iter().enumerate() {
        let members = [name(), ("name", quoted(policy)), ("policy", quoted(text.as_str()))];
        resource(
            out,
            "aws_iam_user_policy",
            &format!("{label}_inline{}", n + 1),
            &members,
        );
    }
    for (n, policy) in user.attached.iter().enumerate() {
        let members = [name(), ("policy_arn", quoted(policy.as_str()))];
        resource(
            out,
            "aws_iam_user_policy_attachment",
            &format!("{label}_attached{}", n + 1),
            &members,
        );
    }
    if !user.groups.is_empty() {
        let groups: Vec<String> = user.groups.iter().map(|group| quoted(group)).collect();
        let members = [name(), ("groups", format!("[{}]", groups.join(", ")))];
        resource(
            out,
            "aws_iam_user_group_membership",
            &format!("{label}_groups"),
            &members,
        );
    }
}

fn resource(out: &mut String, kind: &str, label: &str, members: &[(&str, String)]) {
    let width = members.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    line(out, &format!("\nresource \"{kind}\" \"{label}\" {{"));
    for (name, value) in members {
        line(out, &format!("  {name:<width$} = {value}"));
    }
    line(out, "}");
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A comment ends with its line, so no text may bring another line.
fn comment(text: &str) -> String {
    let kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("# {kept}")
}

/// A text as a quoted template that means just that text: `${` and `%{` would begin an interpolation or a directive.
/// <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions>
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            // Before its like it could be read as the beginning of an escape.
            '$' | '%' if matches!(rest.peek(), Some('$' | '%')) => escape(&mut out, c),
            c if c.is_control() => escape(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, c: char) {
    // Writing to a string does not fail.
    let _ = write!(out, "\\u{:04x}", u32::from(c));
}
