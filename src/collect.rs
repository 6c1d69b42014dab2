//! Read an account and its trail through a mount.
