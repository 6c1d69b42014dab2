//! How a table of a trail and an event data store of CloudTrail Lake are asked for the same: both speak Trino's SQL, over columns of other types.
//!
//! | | a table in Athena | an event data store |
//! |---|---|---|
//! | times | texts as in the record | timestamps |
//! | what was asked and answered | JSON as text | a map of texts, with JSON in them where there is more inside |
//! | the whole record | is not there | a column |
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html>

use super::columns::Columns;
use super::table::Table;
use crate::time::Moment;
use crate::trail::{COLUMNS, CREDENTIAL, Column, LACKS, RESOURCE, SIGN_IN, SWITCHED_FROM};

/// The column of an event data store that has the whole record, as JSON.
pub(super) const WHOLE: &str = "eventjson";

/// The time of the call.
const TIME: &str = "eventtime";

impl Table {
    /// Whether it is an event data store.
    pub(super) fn is_store(&self) -> bool {
        self.columns == Columns::Store
    }

    /// A column of what was asked or answered, as text. What is inside of a map's text has its quotes behind backslashes.
    pub(super) fn json(&self, column: &str) -> String {
        match self.is_store() {
            true => format!("json_format(CAST({column} AS json))"),
            false => column.to_owned(),
        }
    }

    /// How a query reads a column; `None` where it can't.
    pub(super) fn source(&self, column: &Column) -> Option<String> {
        if self.columns.have(column) {
            return Some(column.source.to_owned());
        }
        // An addendum is a map there, whose names are written as in the record.
        if let Some(("addendum", member)) = column.source.split_once('.').filter(|_| self.is_store()) {
            let addendum = self.json("addendum");
            return Some(format!(
                r#"nullif(regexp_extract({addendum}, '(?i)"{member}" *: *"([^"]+)"', 1), '')"#
            ));
        }
        let member = [(CREDENTIAL, "credentialId"), (SIGN_IN, "signInSessionArn")];
        let member = member.iter().find(|(known, _)| known.name == column.name);
        // What has no column of its own stands in the record all the same; JSON may have a backslash before a slash.
        let (_, member) = member.filter(|_| self.is_store())?;
        Some(format!(
            r#"nullif(replace(regexp_extract({WHOLE}, '"{member}" *: *"([^"]+)"', 1), '\/', '/'), '')"#
        ))
    }

    /// Who switched to a role, by ARN; `None` where the table doesn't tell. JSON may have a backslash before a slash.
    pub(super) fn switched_from(&self) -> Option<String> {
        let beside = self.json(&self.source(&SWITCHED_FROM)?);
        Some(format!(
            r#"nullif(replace(regexp_extract({beside}, '"SwitchFrom" *: *"([^"]+)"', 1), '\/', '/'), '')"#
        ))
    }

    /// A moment, to be compared with the time of a call.
    pub(super) fn moment(&self, at: Moment) -> String {
        let text = at.whole_second().to_string();
        match self.is_store() {
            true => format!("'{}'", text.trim_end_matches('Z').replace('T', " ")),
            false => format!("'{text}'"),
        }
    }

    /// What the table doesn't tell of a record, by the names of columns and fields; empty where it tells all.
    pub(super) fn lacks(&self) -> String {
        let lacking = COLUMNS.iter().filter(|column| self.source(column).is_none());
        let names: Vec<&str> = lacking.map(|column| column.source).collect();
        names.join(", ")
    }

    /// The columns of a row, without session tokens. What the table hasn't got is null, and each row says so.
    pub(super) fn row(&self) -> String {
        let mut each: Vec<String> = COLUMNS.iter().map(|column| self.shown(column)).collect();
        let lacks = self.lacks();
        if !lacks.is_empty() {
            each.push(format!("  '{lacks}' AS {LACKS}"));
        }
        if self.is_store() {
            each.push(format!("  coalesce({}, '') AS {WHOLE}", without_tokens(WHOLE)));
        }
        each.join(",\n")
    }

    fn shown(&self, column: &Column) -> String {
        let name = column.name;
        let Some(source) = self.source(column) else {
            return format!(
                "  {} AS {name}",
                if self.is_store() { "''" } else { "CAST(NULL AS varchar)" }
            );
        };
        let read = match name {
            // Of a list without an entry the first one is an error in some engines.
            _ if name == RESOURCE.name => format!("try({source}[1].arn)"),
            _ if name == SWITCHED_FROM.name => self.switched_from().unwrap_or(source),
            "requestparameters" | "responseelements" if self.is_store() => without_tokens(&self.json(name)),
            "requestparameters" | "responseelements" => without_members(name),
            // Of a store nobody but CloudTrail keeps the result, and a query of it may not be long.
            "useragent" | "errormessage" if !self.is_store() => without_members(name),
            _ => source,
        };
        // An answer of CloudTrail Lake can't hold nothing: a cell without a value is an empty text.
        match self.is_store() {
            true => format!("  coalesce(CAST({read} AS varchar), '') AS {name}"),
            false if read == name => format!("  {name}"),
            false => format!("  {read} AS {name}"),
        }
    }

    /// What lies within a span of time, by the events themselves.
    pub(super) fn between(&self, since: Option<Moment>, until: Option<Moment>) -> Vec<String> {
        let since = since.map(|since| format!("{TIME} >= {}", self.moment(since)));
        let until = until.map(|until| format!("{TIME} <= {}", self.moment(until)));
        since.into_iter().chain(until).collect()
    }
}

/// How the names of session tokens, secret keys and the passwords of service-specific credentials end, in JSON, in the environment of what is started, and in addresses.
const NAME: &str = "[a-z0-9_-]*(?:(?:session|security)[-_]?token|(?:secret[-_]?access|session)[-_]?key|service[-_]?password|service[-_]?credential[-_]?secret)";

/// What stands between a name and its value in an address, which may have JSON in it, and in XML.
const BEHIND: &str = "(?:[=>]|%(?:25)*(?:3d|22(?:%(?:25)*20)*%(?:25)*3a(?:%(?:25)*20|[+])*%(?:25)*22))";

/// A text of JSON with every session token and secret key in it empty, whether it stands in it or in a text within, as a member, as a pair of name and value or
/// in an address, whatever of its letters are escaped, and also where the text is cut off in it. CloudTrail Lake replaces all that it finds.
fn without_tokens(text: &str) -> String {
    format!(
        r#"regexp_replace({text}, '(?i)("{NAME}\\*"(?: *, *\\*"value\\*")? *: *\\*"|{NAME}(?:=|%3d))(?:[^"\\&]|\\+[^"\\])+', '$1')"#
    )
}

/// So many session tokens are cut out where an engine replaces only the first that it finds, as DuckDB does: no call gives more.
const CUTS: usize = 4;

/// A session token or secret key with its name: in JSON; in a text of JSON within, whose quotes stand behind backslashes; as a pair of name and value; in an
/// address.
fn token() -> String {
    let (plain, within) = (r#""(?:[^"\\]|\\.)*""#, r#"\\+"(?:[^"\\]|\\+[^"\\])*\\+""#);
    format!(
        r#"(?:"{NAME}"\s*:\s*{plain}|\\+"{NAME}\\+"\s*:\s*{within}|"(?:name|key)"\s*:\s*"{NAME}"\s*,\s*"value"\s*:\s*{plain}|{NAME}{BEHIND}[^"\\&\s<]+)"#
    )
}

/// What is left of a token that was not cut out: one too many, one that the text is cut off in, or one that is written in another way.
fn left() -> String {
    format!(r#"{NAME}(?:\\*"?\s*:\s*\\*"|{BEHIND}[^"\\&\s<]|\\*"\s*,\s*\\*"value|\\*"\s*\}})"#)
}

/// A text of JSON without its session tokens and their names, the same on an engine that replaces all that it finds and on one that replaces the first. How
/// a part of what is found is put back is written in another way for each: so nothing is. Of a text that has still one then nothing is given.
fn without_members(text: &str) -> String {
    let (token, left) = (token(), left());
    let cut = |text: String, _| format!(r#"regexp_replace({text}, '(?i)\s*,\s*{token}|{token}\s*,?', '')"#);
    let cut_out = (0..CUTS).fold(text.to_owned(), cut);
    format!(
        r#"regexp_replace({cut_out}, '(?is)^.*{left}.*$', '{{"keptBack":"too many session tokens, or one cut off"}}')"#
    )
}
