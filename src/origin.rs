//! What one key ID tells: kind, account, owner, first facts.
