//! What the tests of the whole program share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod accounts;
pub mod entangled;
pub mod peers;
pub mod process;
pub mod served;
pub mod story;
