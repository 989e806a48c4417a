//! `cplan ssh`: a shell or a command on a machine, with the host key that cplan made.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use cplan_ssh::client_arguments;

use crate::args::SshArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::machines::{find, machines, write_known_hosts};
use crate::session::Session;

/// Becomes the ssh client. Works beside a running apply.
pub(crate) fn run(session: &Session, args: &SshArgs) -> Result<ExitCode, CommandError> {
    let machines = machines(&session.read_state()?);
    let access = &find(&machines, &args.machine)?.access;
    let known_hosts = write_known_hosts(&session.settings.data_dir, &machines)?;
    let mut ssh = Command::new("ssh");
    ssh.args(client_arguments(access, &known_hosts)).args(&args.command);
    let error = ssh.exec();
    Err(CommandError::Failed(
        Box::new(error),
        "The program `ssh` cannot be started; `apt-get install -y openssh-client` installs it.".to_owned(),
    ))
}
