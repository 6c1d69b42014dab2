//! Which columns and fields a table of a trail has.

use crate::trail::Column;
use std::collections::BTreeMap;

/// The columns of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Columns {
    /// Those of the documented table.
    /// <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>
    #[default]
    Documented,
    /// Those of [`SCHEMA`].
    Whole,
    /// Those that the catalogue tells: names in small letters, with their types, `struct<type:string,arn:string>`.
    Told(BTreeMap<String, String>),
    /// Those of an event data store: it has what is documented for a table, and the source identity of a session. An addendum is a map there.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html>
    Store,
}

impl Columns {
    /// Whether a query can read the column. One that isn't there ends a query, so what isn't sure is left out.
    pub(super) fn have(&self, column: &Column) -> bool {
        let mut path = column.source.split('.');
        let name = path.next().unwrap_or(column.source);
        match self {
            Columns::Documented => column.is_documented,
            Columns::Whole => true,
            Columns::Store => (column.is_documented && name != "addendum") || column.name == "session_sourceidentity",
            Columns::Told(known) => known
                .get(name)
                .is_some_and(|kind| has_field(kind, path).unwrap_or(column.is_documented)),
        }
    }
}

/// Whether a type has the field at the end of `path`; `None` where the type doesn't tell its fields.
fn has_field<'a>(kind: &str, mut path: impl Iterator<Item = &'a str>) -> Option<bool> {
    let Some(name) = path.next() else { return Some(true) };
    let kind = kind.trim();
    let is_struct = kind.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("struct<"));
    let inside = kind.get(7..)?.strip_suffix('>').filter(|_| is_struct)?;
    let found = fields(inside).find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.map_or(Some(false), |(_, kind)| has_field(kind, path))
}

/// The fields of a struct with their types: `name:type`, parted by commas that stand in no type.
fn fields(inside: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut depth = 0_usize;
    let parts = inside.split(move |letter| {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.filter_map(|part| {
        let (name, kind) = part.split_once(':')?;
        Some((name.trim(), kind.trim()))
    })
}

/// The documented columns, and what the lineage reads besides: the credential of a bearer, the source identity of a session and the sign-in that it
/// began with. <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
pub(super) const SCHEMA: &str = "  eventversion STRING,
  useridentity STRUCT<
    type: STRING,
    principalid: STRING,
    arn: STRING,
    accountid: STRING,
    invokedby: STRING,
    accesskeyid: STRING,
    credentialid: STRING,
    username: STRING,
    onbehalfof: STRUCT<userid: STRING, identitystorearn: STRING>,
    sessioncontext: STRUCT<
      attributes: STRUCT<mfaauthenticated: STRING, creationdate: STRING>,
      sessionissuer: STRUCT<type: STRING, principalid: STRING, arn: STRING, accountid: STRING, username: STRING>,
      ec2roledelivery: STRING,
      sourceidentity: STRING,
      signinsessionarn: STRING,
      webidfederationdata: STRUCT<federatedprovider: STRING, attributes: MAP<STRING, STRING>>>>,
  eventtime STRING,
  eventsource STRING,
  eventname STRING,
  awsregion STRING,
  sourceipaddress STRING,
  useragent STRING,
  errorcode STRING,
  errormessage STRING,
  requestparameters STRING,
  responseelements STRING,
  additionaleventdata STRING,
  requestid STRING,
  eventid STRING,
  readonly STRING,
  resources ARRAY<STRUCT<arn: STRING, accountid: STRING, type: STRING>>,
  eventtype STRING,
  apiversion STRING,
  recipientaccountid STRING,
  serviceeventdetails STRING,
  sharedeventid STRING,
  vpcendpointid STRING,
  vpcendpointaccountid STRING,
  eventcategory STRING,
  addendum STRUCT<reason: STRING, updatedfields: STRING, originalrequestid: STRING, originaleventid: STRING>,
  sessioncredentialfromconsole STRING,
  edgedevicedetails STRING,
  tlsdetails STRUCT<tlsversion: STRING, ciphersuite: STRING, clientprovidedhostheader: STRING>";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::{COLUMNS, CREDENTIAL, SIGN_IN};

    fn told(kinds: &[(&str, &str)]) -> Columns {
        Columns::Told(
            kinds
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
                .collect(),
        )
    }

    /// A type as the catalogue writes it: one line, small letters.
    fn catalogued(statement: &str) -> Vec<(String, String)> {
        let bare = statement.replace(char::is_whitespace, " ").replace(": ", ":");
        let mut depth = 0_i32;
        let parts = bare.split(|letter| {
            depth += i32::from(letter == '<') - i32::from(letter == '>');
            letter == ',' && depth == 0
        });
        parts
            .filter_map(|part| part.trim().split_once(' '))
            .map(|(name, kind)| (name.to_owned(), kind.replace(' ', "").to_lowercase()))
            .collect()
    }

    #[test]
    fn the_table_of_the_statement_has_every_column_as_the_catalogue_tells_it() {
        let kinds = catalogued(SCHEMA);
        let known = Columns::Told(kinds.iter().cloned().collect());
        for column in &COLUMNS {
            assert!(known.have(column), "{column:?} of {kinds:?}");
            assert_eq!(Columns::Documented.have(column), column.is_documented, "{column:?}");
        }
        for further in ["credentialid", "sourceidentity", "signinsessionarn"] {
            let less: BTreeMap<String, String> = kinds
                .iter()
                .map(|(name, kind)| (name.clone(), kind.replace(&format!("{further}:string,"), "")))
                .collect();
            let lacking: Vec<&str> = COLUMNS
                .iter()
                .filter(|column| !Columns::Told(less.clone()).have(column))
                .map(|column| column.source)
                .collect();
            assert!(
                lacking.len() == 1 && lacking[0].ends_with(further),
                "{further}: {lacking:?}"
            );
        }
    }

    #[test]
    fn a_type_that_does_not_tell_its_fields_is_taken_for_the_documented_one() {
        for kind in ["string", "struct<", "map<string,string>", ""] {
            let known = told(&[("useridentity", kind)]);
            assert!(known.have(&COLUMNS[19]) && !known.have(&SIGN_IN) && !known.have(&CREDENTIAL));
            assert!(!known.have(&COLUMNS[0]), "a column that isn't there");
        }
    }
}
