//! The answer of an operation as a tree: written as XML by the Query protocol, as JSON by CloudTrail's protocol, and, with
//! lower-case initials, as `responseElements` of the twin's own trail.

use crate::time::Moment;

/// A value in an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A text, a number or a date in AWS's spelling.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(i64),
    /// Members by name, in order.
    Struct(Vec<(&'static str, Node)>),
    /// A list; in XML each element is `<member>`.
    List(Vec<Node>),
    /// A map; in XML each entry is `<entry><key/><value/></entry>`.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// An empty structure, for operations that answer nothing.
    pub fn empty() -> Node {
        Node::Struct(Vec::new())
    }

    /// The member called `name` of a structure.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Struct(members) => members.iter().find(|(key, _)| *key == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a text node.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Node {
        Node::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Node {
        Node::Text(text)
    }
}

impl From<Moment> for Node {
    /// Dates are written to the whole second.
    fn from(moment: Moment) -> Node {
        Node::Text(moment.whole_second().to_string())
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Node {
        Node::Bool(value)
    }
}

/// An error in AWS's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status.
    pub status: u16,
    /// The error code, such as `NoSuchEntity`.
    pub code: &'static str,
    /// The message.
    pub message: String,
}

impl Fault {
    /// An error with its status, code and message.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Fault {
            status,
            code,
            message: message.into(),
        }
    }

    /// 404 NoSuchEntity.
    pub fn no_such_entity(message: impl Into<String>) -> Self {
        Fault::new(404, "NoSuchEntity", message)
    }

    /// 409 LimitExceeded.
    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Fault::new(409, "LimitExceeded", message)
    }

    /// 409 DeleteConflict.
    pub fn delete_conflict(message: impl Into<String>) -> Self {
        Fault::new(409, "DeleteConflict", message)
    }

    /// 409 EntityAlreadyExists.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Fault::new(409, "EntityAlreadyExists", message)
    }

    /// 400 ValidationError.
    pub fn validation(message: impl Into<String>) -> Self {
        Fault::new(400, "ValidationError", message)
    }
}
