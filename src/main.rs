//! The binary `oust`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(oust::cli::main() as u8)
}
