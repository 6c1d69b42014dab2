//! The binary `oust`.

fn main() {}
