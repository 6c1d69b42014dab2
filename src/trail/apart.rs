//! How far moments may lie apart that belong together, in seconds. The first pass over an archive must follow all that a lineage joins: so both know it from here.

/// The moment of issue that a call bears, and that of its mint. In real trails they are equal.
pub const ISSUE_SECONDS: u32 = 5;

/// The moment of issue that a console session bears, and its sign-in.
pub const LOGIN_SECONDS: u32 = 2;

/// A call that makes a session one of the console, and the sign-in by its answer: so long does an address live by which a session is begun.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>
pub const ADDRESS_SECONDS: u32 = 900;
