//! `lab_host_bridge`: a bridge on an interface of this host. The host's addresses and routes move to it, and a dead man's
//! switch gives them back where the way to the host is lost by that.

mod boot;
mod check;
mod guard;
mod link;
mod program;
mod reach;
mod schema;
mod wanted;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cplan_model::{Action, Diagnostics, Identity, InstanceAddr, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, ErrorKind, Locality, Observed, PlanRequest, PlanResponse,
    ProviderError, ReadRequest, RecoverRequest, Resource, quote,
};
use tokio::process::Command;

use boot::{Edit, Tool};
use guard::Guard;
use link::Links;
use program::Before;
use wanted::Wanted;

/// Where things of a host are; other places than its own are for tests.
#[derive(Clone, Debug)]
pub struct HostPlaces {
    /// Where its file system begins, for configuration files.
    pub root: PathBuf,
    /// What a restart forgets: armed switches.
    pub run: PathBuf,
    /// What a restart keeps: what interfaces had before.
    pub lib: PathBuf,
}

impl Default for HostPlaces {
    fn default() -> Self {
        HostPlaces {
            root: "/".into(),
            run: "/run/cplan/host-bridges".into(),
            lib: "/var/lib/cplan/host-bridges".into(),
        }
    }
}

/// How long it is looked whether the management path holds before a bridge is taken away.
const LOOK: Duration = Duration::from_secs(10);

/// The resource type.
pub struct HostBridgeResource {
    schema: Schema,
    places: HostPlaces,
    /// The marks of those that were planned, by id: one that is about to be replaced has another id, and is ours.
    marks: Mutex<BTreeMap<String, String>>,
}

impl Default for HostBridgeResource {
    fn default() -> Self {
        Self::new(HostPlaces::default())
    }
}

impl HostBridgeResource {
    /// Bridges of this host.
    pub fn new(places: HostPlaces) -> Self {
        HostBridgeResource { schema: schema::schema(), places, marks: Mutex::default() }
    }

    fn before_file(&self, identity: &Identity) -> PathBuf {
        self.places.lib.join(format!("{}.json", identity.id))
    }

    /// What the interface had before there was the bridge.
    fn before(&self, identity: &Identity) -> Option<Before> {
        serde_json::from_slice(&fs::read(self.before_file(identity)).ok()?).ok()
    }

    /// What an interface had before there was a bridge that cplan has not taken away, be it there or not.
    fn before_of(&self, interface: &str) -> Option<Before> {
        let files = fs::read_dir(&self.places.lib).into_iter().flatten().flatten();
        let all = files.filter_map(|file| serde_json::from_slice::<Before>(&fs::read(file.path()).ok()?).ok());
        all.filter(|before| before.interface == interface).max_by_key(|before| before.addresses.len())
    }

    fn observe(&self, request: &ReadRequest, links: &Links) -> Observed {
        let mark = wanted::mark(&request.identity);
        let Some(link) = links.iter().find(|l| l.is_bridge() && l.alias.as_deref() == Some(&mark)) else {
            return Observed::Absent;
        };
        let prior = &request.prior;
        let port = prior.get("interface").and_then(Value::as_str).and_then(|name| links.get(name));
        let kept = Wanted::from_values(&request.identity, prior).is_ok_and(|w| {
            boot::edits(&self.places.root, &link.name, Some((&w, &link.mac))).is_ok_and(|e| e.is_empty())
        });
        let intact = link.is_up() && port.is_some_and(|p| p.master.as_deref() == Some(&link.name)) && kept;
        let gateway = links.gateway(&link.name).map_or_else(|| Value::null(Type::String), Value::string);
        let addresses = Value::set(Type::String, link.addresses().into_iter().map(Value::string));
        let mut values = prior
            .with("name", Value::string(link.name.as_str()))
            .with("addresses", addresses)
            .with("gateway", gateway)
            .with("stp", Value::bool(link.stp()))
            .with("id", Value::string(request.identity.id.as_str()))
            .with("intact", Value::bool(intact));
        if prior.get("netfilter").is_some_and(|v| !v.is_null()) {
            let now = Before::of(links, &link.name).netfilter;
            values = values.with("netfilter", Value::bool(now.iter().any(|(_, value)| value != "0")));
        }
        Observed::Present { values, private: Vec::new(), boot_id: None }
    }

    async fn ensure(&self, ctx: &Context, identity: &Identity, planned: &Value) -> Result<(), ProviderError> {
        let wanted = Wanted::from_values(identity, planned)?;
        let folder = self.places.run.join(&identity.id);
        if let Some(guard) = Guard::found(&folder) {
            guard.fire().await?;
        }
        let links = Links::read().await?;
        let there = links.iter().find(|l| l.is_bridge() && l.alias.as_deref() == Some(&wanted.mark));
        let (script, mut undo) = match there {
            Some(_) => {
                let before = Before::of(&links, &wanted.name);
                (program::change(&wanted, &links), program::restore(&before) + &program::restore_spanning(&before))
            }
            None => {
                free(&wanted, &links)?;
                let before = Before::of(&links, &wanted.interface);
                self.remember(identity, &before)?;
                (program::make(&wanted, &links), program::give_back(&wanted.name, &before))
            }
        };
        let mac = there.or_else(|| links.get(&wanted.interface)).map(|l| l.mac.clone()).unwrap_or_default();
        let files = boot::edits(&self.places.root, &wanted.name, Some((&wanted, &mac))).map_err(unwritable)?;
        undo += &files_back(&folder, &files).map_err(unwritable)?;
        let guard = Guard::arm(&folder, wanted.undo_after, &undo).await?;
        ctx.progress.status("moving the host's addresses to the bridge");
        let Err(error) = self.carry_out(ctx, &wanted, &script, &files).await else {
            let late = || ProviderError::new(ErrorKind::TimedOut, "it took too long, and everything was undone");
            return if guard.disarm() { Ok(()) } else { Err(late().remedy("Give `undo_after` more time.")) };
        };
        guard.fire().await?;
        let remedy = "Everything was undone. Check the cable, the switch's port security and `reachable`.";
        Err(if error.kind == ErrorKind::TimedOut { error.remedy(remedy) } else { error })
    }

    /// Takes the bridge away, which comes back unless the management path holds.
    async fn remove_guarded(
        &self,
        ctx: &Context,
        folder: &Path,
        wanted: &Wanted,
        links: &Links,
        script: &str,
        files: &[Edit],
    ) -> Result<(), ProviderError> {
        // What does not answer through the bridge either must not keep it for ever.
        let mut reachable = wanted.reachable.clone();
        if reach::wait(ctx, &reachable, LOOK).await.is_err() {
            ctx.progress.note("the management path did not hold before either: it is not waited for");
            reachable.clear();
        }
        let undo = program::bring_back(wanted, links) + &files_back(folder, files).map_err(unwritable)?;
        let guard = Guard::arm(folder, wanted.undo_after, &undo).await?;
        ctx.progress.status("giving the host's addresses back to the interface");
        let limit = wanted.undo_after.mul_f64(0.8).saturating_sub(Duration::from_millis(200));
        let gone = match take_away(script, &wanted.name, files).await {
            Ok(()) => reach::wait(ctx, &reachable, limit).await,
            failed => failed,
        };
        let Err(error) = gone else {
            let late = || ProviderError::new(ErrorKind::TimedOut, "it took too long, and the bridge is there again");
            return if guard.disarm() { Ok(()) } else { Err(late().remedy("Give `undo_after` more time.")) };
        };
        guard.fire().await?;
        let what = format!("without the bridge, {} does not answer", reachable.join(", "));
        let remedy = "The bridge is there again. See that the interface has a working address without it.";
        Err(if error.kind == ErrorKind::TimedOut { ProviderError::new(error.kind, what).remedy(remedy) } else { error })
    }

    async fn carry_out(
        &self,
        ctx: &Context,
        wanted: &Wanted,
        script: &str,
        files: &[Edit],
    ) -> Result<(), ProviderError> {
        run(script).await?;
        // A little before the switch goes off by itself, so that it is known who undid it.
        let limit = wanted.undo_after.mul_f64(0.8).saturating_sub(Duration::from_millis(200));
        reach::wait(ctx, &wanted.reachable, limit).await?;
        for file in files {
            file.write().map_err(unwritable)?;
        }
        if !files.is_empty() && self.reload(wanted).await {
            reach::wait(ctx, &wanted.reachable, limit / 4).await?;
        }
        Ok(())
    }

    /// Tells what configures the network now of the new files, where it would otherwise hold on to the old ones.
    async fn reload(&self, wanted: &Wanted) -> bool {
        let runs = self.places.root == Path::new("/") && Path::new("/run/systemd/netif").exists();
        if !runs || wanted.persistent == Tool::Ifupdown.name() || wanted.persistent == check::NONE {
            return false;
        }
        let generate = if wanted.persistent == Tool::Netplan.name() { "netplan generate\n" } else { "" };
        run(&format!("set -e\n{generate}networkctl reload\n")).await.is_ok()
    }

    fn remember(&self, identity: &Identity, before: &Before) -> Result<(), ProviderError> {
        let path = self.before_file(identity);
        let text = serde_json::to_string_pretty(before).map_err(|e| unwritable(e.into()))?;
        fs::create_dir_all(&self.places.lib).map_err(unwritable)?;
        let beside = path.with_extension("new");
        let written = fs::write(&beside, text).and_then(|()| fs::File::open(&beside)?.sync_all());
        written.and_then(|()| fs::rename(&beside, &path)).map_err(unwritable)
    }

    async fn remove(&self, ctx: &Context, identity: &Identity, prior: Option<&Value>) -> Result<(), ProviderError> {
        let folder = self.places.run.join(&identity.id);
        if let Some(guard) = Guard::found(&self.places.run.join(&identity.id)) {
            guard.fire().await?;
        }
        let links = Links::read().await?;
        let mark = wanted::mark(identity);
        let link = links.iter().find(|l| l.is_bridge() && l.alias.as_deref() == Some(&mark));
        let interface = prior.and_then(|p| p.get("interface")).and_then(Value::as_str);
        if let Some(link) = link {
            let used: Vec<_> = links
                .iter()
                .filter(|l| l.master.as_deref() == Some(&link.name) && Some(l.name.as_str()) != interface)
                .map(|l| format!("`{}`", l.name))
                .collect();
            if !used.is_empty() {
                let what = format!("the bridge `{}` is in use by {}", link.name, used.join(", "));
                return Err(ProviderError::new(ErrorKind::Conflict, what)
                    .remedy("Stop the machines that are plugged into it first."));
            }
            let now = || {
                let port = interface.unwrap_or_default();
                let routes = links.routes(&link.name).iter().map(|r| r.arguments(port)).collect();
                Before {
                    interface: port.to_owned(),
                    up: true,
                    addresses: link.addresses(),
                    routes,
                    ..Before::default()
                }
            };
            let before = self.before(identity).unwrap_or_else(now);
            let script = program::give_back(&link.name, &before);
            let files = boot::edits(&self.places.root, &link.name, None).map_err(unwritable)?;
            // One whose values are not whole any more goes without the way back.
            match prior.and_then(|prior| Wanted::from_values(identity, prior).ok()) {
                Some(wanted) => self.remove_guarded(ctx, &folder, &wanted, &links, &script, &files).await?,
                None => take_away(&script, &link.name, &files).await?,
            }
        } else if let Some(name) = prior.and_then(|p| p.get("name")).and_then(Value::as_str) {
            // Somebody else took the bridge away, and with it what it had of the interface.
            if let Some(before) = self.before(identity).filter(|before| links.is_bare(&before.interface)) {
                run(&program::restore(&before)).await?;
            }
            for file in boot::edits(&self.places.root, name, None).map_err(unwritable)? {
                file.write().map_err(unwritable)?;
            }
        }
        match fs::remove_file(self.before_file(identity)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(error)),
            _ => Ok(()),
        }
    }
}

/// Takes the bridge and its files away.
async fn take_away(script: &str, name: &str, files: &[Edit]) -> Result<(), ProviderError> {
    run(script).await?;
    if Links::read().await?.get(name).is_some() {
        return Err(ProviderError::failed(format!("the bridge `{name}` cannot be removed")));
    }
    for file in files {
        file.write().map_err(unwritable)?;
    }
    Ok(())
}

/// Whether nothing of somebody else's stands in the way.
fn free(wanted: &Wanted, links: &Links) -> Result<(), ProviderError> {
    let conflict = |what: String| Err(ProviderError::new(ErrorKind::Conflict, what).remedy("cplan did not touch it."));
    if links.get(&wanted.name).is_some() {
        return conflict(format!("the interface `{}` exists and was not made by cplan", wanted.name));
    }
    match links.get(&wanted.interface) {
        None => Err(ProviderError::new(ErrorKind::NotFound, format!("there is no interface `{}`", wanted.interface))),
        Some(link) => match &link.master {
            Some(master) => conflict(format!("the interface `{}` is a port of `{master}`", wanted.interface)),
            None => Ok(()),
        },
    }
}

/// The lines that put files back, whose old content is kept in the folder of the switch.
fn files_back(folder: &Path, files: &[Edit]) -> io::Result<String> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let mut script = String::new();
    for (n, file) in files.iter().enumerate() {
        let path = quote(&file.path.to_string_lossy());
        match &file.old {
            Some(old) => {
                let kept = folder.join(format!("file-{n}"));
                fs::write(&kept, old)?;
                // Into the file that is there, whose owner and mode stay; never from nothing, which would empty it.
                let kept = quote(&kept.to_string_lossy());
                script += &format!("[ ! -e {kept} ] || cat {kept} >{path}\n");
            }
            None => script += &format!("rm -f {path}\n"),
        }
    }
    Ok(script)
}

async fn run(script: &str) -> Result<(), ProviderError> {
    let output = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).output().await;
    let output = output.map_err(|error| ProviderError::failed("`sh` cannot be run").source(error))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    // A script that goes on after a failure says what it can and ends with its last line.
    if script.starts_with("set -e") && !output.status.success() {
        return Err(ProviderError::failed("the network of this host cannot be changed").details(said));
    }
    Ok(())
}

fn unwritable(error: io::Error) -> ProviderError {
    ProviderError::failed("the configuration of this host's network cannot be written").source(error)
}

#[async_trait]
impl Resource for HostBridgeResource {
    fn ty(&self) -> &'static str {
        "lab_host_bridge"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        check::one(config)
    }

    fn locality(&self, _values: &Value) -> Locality {
        Locality::Host("local".to_owned())
    }

    async fn read(&self, _ctx: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        match Links::read().await {
            Ok(links) => requests.iter().map(|request| Ok(self.observe(request, &links))).collect(),
            Err(error) => {
                let (message, remedy) = (error.message, error.remedy);
                requests.iter().map(|_| Err(ProviderError::failed(message.clone()).remedy(remedy.clone()))).collect()
            }
        }
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let interface = request.config.get("interface").and_then(Value::as_str);
        let links = match interface {
            Some(_) => Links::read().await?,
            None => Links::default(),
        };
        let link = interface.and_then(|name| links.get(name));
        let id = &request.identity.id;
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), wanted::whose(&request.identity));
        // What it had stands with the bridge that is to be replaced, or went with one that somebody took away.
        let before = link.filter(|link| link.addresses().is_empty()).and_then(|link| self.before_of(&link.name));
        let gateway = match (&before, interface) {
            (Some(before), _) => Some(before.gateway()),
            (None, interface) => interface.map(|name| links.gateway(name)),
        };
        let gateway = gateway.map(|gateway| gateway.map_or_else(|| Value::null(Type::String), Value::string));
        let addresses = before.as_ref().map(|before| before.addresses.clone());
        let addresses = addresses.or_else(|| Some(link?.addresses()));
        let addresses = addresses.map(|all| Value::set(Type::String, all.into_iter().map(Value::string)));
        let tool = Tool::of(&self.places.root).map_or(check::NONE, Tool::name);
        let defaults = [
            ("name", Some(Value::string(format!("cpb{}", id.get(..8).unwrap_or(id))))),
            ("addresses", addresses),
            ("gateway", gateway),
            ("stp", Some(Value::bool(false))),
            ("persistent", Some(Value::string(tool))),
            ("undo_after", Some(Value::string("30s"))),
        ];
        let mut planned = request.proposed.clone();
        for (name, default) in defaults {
            let unset = request.config.get(name).is_none_or(Value::is_null);
            let open = planned.get(name).is_none_or(|v| !v.is_known());
            if let Some(default) = default.filter(|_| unset && open) {
                planned = planned.with(name, default);
            }
        }
        let planned = planned.with("id", Value::string(id.as_str())).with("intact", Value::bool(true));
        Ok(PlanResponse { planned: Some(planned), ..PlanResponse::default() })
    }

    async fn check(&self, _ctx: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        if planned.is_empty() {
            return Ok(Diagnostics::new());
        }
        let links = Links::read().await?;
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(check::all(planned, &marks, &links, &self.places.root))
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let Some(planned) = request.planned else {
            self.remove(ctx, &request.identity, request.prior.as_ref()).await?;
            let values = request.prior.unwrap_or_else(|| Value::null(Type::Dynamic));
            return Ok(ApplyResponse { values, private: Vec::new(), boot_id: None });
        };
        self.ensure(ctx, &request.identity, &planned).await?;
        Ok(ApplyResponse { values: planned, private: Vec::new(), boot_id: None })
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let Some(planned) = request.planned else {
            return self.remove(ctx, &request.identity, request.prior.as_ref()).await.map(|()| Observed::Absent);
        };
        // Nobody said that all was well.
        if let Some(guard) = Guard::found(&self.places.run.join(&request.identity.id)) {
            guard.fire().await?;
        }
        let read = ReadRequest { identity: request.identity, prior: planned, private: Vec::new(), boot_id: None };
        self.read(ctx, vec![read]).await.pop().unwrap_or(Ok(Observed::Absent))
    }

    fn instead_of_import(&self) -> &'static str {
        "Take the import away. A bridge that is there already needs no `lab_host_bridge`: write `mode = \"bridge\"` and `bridge` in \
         the `lab_network`."
    }

    fn claims(&self, _action: Action, _values: &Value) -> Vec<Claim> {
        vec![Claim::exclusive("host:local")]
    }
}
