//! Machines over ssh: the [`Shell`](cplan_sdk::Shell) on one pinned, multiplexed connection per machine, and the
//! resources `lab_file` and `lab_command` that live on machines.

mod shell;

pub use shell::{OpenSshShell, client_arguments, known_hosts_line};
