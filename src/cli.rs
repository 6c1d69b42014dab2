//! Arguments, terminal, prompts, exit codes; one file per command.
