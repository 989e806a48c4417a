//! The host of machines as the provider block of this folder names it, for commands that plan nothing.

use std::sync::Arc;

use cplan_engine::provider_settings;
use cplan_libvirt::HostSettings;
use cplan_model::Value;
use cplan_sdk::Silent;
use cplan_store::State;

use crate::failure::CommandError;
use crate::session::Session;
use crate::settings::absolute;

/// The settings of one configuration of the provider, such as `lab`. The folder's configuration has to be readable.
pub(crate) fn of_folder(session: &Session, key: &str, flag: &str) -> Result<HostSettings, CommandError> {
    let default = session.providers.host.settings().get();
    let (config, _) = session.load()?;
    let input = session.partial_input(&config, State::default())?;
    let (settings, _) = provider_settings(&session.context(Arc::new(Silent)), input);
    let Some(given) = settings.get(key) else { return Ok(default) };
    let text = |name: &str| given.get(name).filter(|value| !value.is_null()).cloned();
    let known = |value: Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| {
            CommandError::told(
                "host-settings-unknown",
                "Settings of the host not known",
                format!("The `provider` block of `{key}` hangs on variables that have no value here."),
                format!(
                    "Give them in the environment (`TF_VAR_NAME`) or in a `terraform.tfvars`, or say it with `{flag}`."
                ),
            )
        })
    };
    Ok(HostSettings {
        uri: text("uri").map(known).transpose()?.unwrap_or(default.uri),
        cache_dir: text("cache_dir").map(known).transpose()?.map_or(default.cache_dir, |path| absolute(path.into())),
    })
}
