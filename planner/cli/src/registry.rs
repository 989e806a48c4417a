//! The providers that exist: the one place that names them.

use std::sync::Arc;

use cplan_bench::{BenchmarkResource, GuestBinary};
use cplan_engine::{Registry, TerraformProvider};
use cplan_libvirt::{Client, HostSettings, ImageResource, MachineResource, NetworkResource, SharedSettings};
use cplan_model::{Attribute, Diagnostics, Schema, Type, Value};
use cplan_network::{HostBridgeResource, LinksSource, ShaperResource};
use cplan_sdk::fake::FakeProvider;
use cplan_sdk::{Assembly, Provider, ProviderError, Shell};
use cplan_ssh::{CommandResource, FileResource, ForwardResource, OpenSshShell, PackageResource, ServiceResource};

use crate::settings::{Settings, absolute};

/// The providers, and what they share.
pub(crate) struct Providers {
    /// By name.
    pub(crate) registry: Registry,
    /// The shell on machines, which knows how many connections were opened.
    pub(crate) shell: Arc<dyn Shell>,
    /// The host of machines and networks.
    pub(crate) host: Client,
}

impl Providers {
    /// All of them. Nothing is connected yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        let shell: Arc<dyn Shell> = Arc::new(OpenSshShell::new(&settings.runtime_dir));
        let first = SharedSettings::new(host_settings(settings));
        let host = Client::new(first);
        let mut providers: Vec<Arc<dyn Provider>> =
            vec![Arc::new(TerraformProvider::in_folder(&settings.dir)), Arc::new(lab(settings, &shell, &host))];
        if let Some(socket) = &settings.fake_world {
            providers.push(Arc::new(FakeProvider::connect(socket.clone())));
        }
        // Another configuration of `lab` has another host, and the same way to machines.
        let (settings, ways) = (settings.clone(), Arc::clone(&shell));
        let make = move || -> Arc<dyn Provider> {
            Arc::new(lab(&settings, &ways, &Client::new(SharedSettings::new(host_settings(&settings)))))
        };
        let registry = Registry::new(providers).with_maker("lab", Arc::new(make));
        Providers { registry, shell, host }
    }
}

/// The host where the provider block says nothing of it.
fn host_settings(settings: &Settings) -> HostSettings {
    let default = HostSettings::default();
    HostSettings { uri: settings.libvirt_uri.clone().unwrap_or(default.uri), cache_dir: settings.cache_dir.clone() }
}

/// cplan's own provider.
fn lab(settings: &Settings, shell: &Arc<dyn Shell>, host: &Client) -> Assembly {
    let schema = Schema::new(
        "A lab: machines, networks, links, software and benchmarks.",
        [
            (
                "uri",
                Attribute::optional(
                    Type::String,
                    "The libvirt connection; `LIBVIRT_DEFAULT_URI` or `qemu:///system` by default.",
                ),
            ),
            (
                "cache_dir",
                Attribute::optional(
                    Type::String,
                    "Images and disks; `/var/lib/cplan` by default, where one may write there. A relative path is meant from the folder \
                     of the topology.",
                ),
            ),
        ],
    );
    let guest = Arc::new(GuestBinary::new(&settings.guest));
    let configured = host.settings().clone();
    let default = host_settings(settings);
    let configure = move |config: &Value| -> Result<Diagnostics, ProviderError> {
        let text = |name: &str| config.get(name).and_then(Value::as_str).map(str::to_owned);
        let default = default.clone();
        configured.set(HostSettings {
            uri: text("uri").unwrap_or(default.uri),
            cache_dir: text("cache_dir").map_or(default.cache_dir, |path| absolute(path.into())),
        });
        Ok(Diagnostics::new())
    };
    Assembly::new("lab", schema, Arc::clone(shell), configure)
        .resource(HostBridgeResource::default())
        .resource(NetworkResource::new(host.clone()))
        .resource(ImageResource::new(host.settings().clone()))
        .resource(MachineResource::new(host.clone(), Arc::clone(shell)))
        .data_source(LinksSource::default())
        .resource(ShaperResource::new(Arc::clone(shell)))
        .resource(FileResource::new(Arc::clone(shell)))
        .resource(PackageResource::new(Arc::clone(shell)))
        .resource(ServiceResource::new(Arc::clone(shell)))
        .resource(CommandResource::new(Arc::clone(shell)))
        .resource(ForwardResource::default())
        .resource(BenchmarkResource::new(Arc::clone(shell), guest))
}
