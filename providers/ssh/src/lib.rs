//! Machines over ssh: the [`Shell`](cplan_sdk::Shell) on one pinned, multiplexed connection per machine, and the
//! resources `lab_file` and `lab_command` that live on machines.

mod command;
mod doctor;
mod file;
mod forward;
mod machine;
mod package;
mod service;
mod shell;

pub use command::CommandResource;
pub use doctor::doctor;
pub use file::FileResource;
pub use forward::ForwardResource;
pub use package::PackageResource;
pub use service::ServiceResource;
pub use shell::{OpenSshShell, client_arguments, known_hosts_line};
