//! A world reached through aws-sdk clients: the twin or AWS, same clients.
