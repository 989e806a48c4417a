//! `cplan machine console`: the serial console of a machine, for those who lost its network.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::args::MachineConsoleArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::host;
use crate::machines::{find, machines};
use crate::session::Session;

/// Becomes libvirt's own client, which knows terminals, and consoles of other hosts. Works beside a running apply.
pub(crate) fn run(session: &Session, args: &MachineConsoleArgs) -> Result<ExitCode, CommandError> {
    let machines = machines(&session.read_state()?);
    let machine = find(&machines, &args.machine)?;
    let Some(domain) = &machine.domain else {
        return Err(CommandError::told(
            "no-console",
            "No serial console",
            format!("{} was there before, and cplan knows no console of it.", machine.address),
            format!("Use `cplan ssh {}`, or what its owner gives you.", args.machine),
        ));
    };
    let uri = match &args.connect {
        Some(uri) => uri.clone(),
        None => host::of_folder(session, &machine.provider, "-connect=URI")?.uri,
    };
    let mut virsh = Command::new("virsh");
    virsh.args(["--connect", &uri, "console", "--domain", domain]);
    if args.force {
        virsh.arg("--force");
    }
    let error = virsh.exec();
    Err(CommandError::Failed(
        Box::new(error),
        "The program `virsh` cannot be started; `apt-get install -y libvirt-clients` installs it.".to_owned(),
    ))
}
