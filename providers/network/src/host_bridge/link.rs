//! The interfaces and routes of this host, as iproute2's JSON tells them.

use std::collections::BTreeSet;

use cplan_sdk::ProviderError;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::process::Command;

/// Everything of the host that matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    links: Vec<Link>,
    routes: Vec<Route>,
}

/// One interface.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Link {
    #[serde(rename = "ifname")]
    pub(super) name: String,
    /// The kernel's number of it.
    #[serde(default, rename = "ifindex")]
    pub(super) index: u32,
    /// The hardware address.
    #[serde(default, rename = "address")]
    pub(super) mac: String,
    #[serde(default)]
    flags: Vec<String>,
    /// The bridge or bond that it is a port of.
    #[serde(default)]
    pub(super) master: Option<String>,
    /// What cplan marks its own bridges with.
    #[serde(default, rename = "ifalias")]
    pub(super) alias: Option<String>,
    #[serde(default)]
    linkinfo: Option<Info>,
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Info {
    #[serde(default)]
    info_kind: String,
    #[serde(default)]
    info_data: Json,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Address {
    #[serde(default)]
    local: String,
    #[serde(default)]
    prefixlen: u8,
    #[serde(default)]
    scope: String,
    /// Made by the kernel from a router's announcements: it will be there again by itself.
    #[serde(default)]
    mngtmpaddr: bool,
    /// It ends at a time, as a lease does.
    #[serde(default)]
    dynamic: bool,
    #[serde(default)]
    temporary: bool,
}

/// One route of the main table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Route {
    pub(super) dst: String,
    #[serde(default)]
    pub(super) gateway: Option<String>,
    #[serde(default)]
    pub(super) dev: String,
    #[serde(default)]
    pub(super) protocol: String,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    prefsrc: Option<String>,
    #[serde(default)]
    metric: Option<u64>,
    #[serde(default)]
    flags: Vec<String>,
}

impl Links {
    /// Asks the kernel.
    pub(super) async fn read() -> Result<Links, ProviderError> {
        let links = serde_json::from_str(&ip(&["-json", "-details", "address", "show"]).await?).map_err(unreadable)?;
        let mut routes: Vec<Route> = Vec::new();
        for family in ["-4", "-6"] {
            let text = ip(&[family, "-json", "route", "show", "table", "main"]).await?;
            // No route at all is no text at all.
            if !text.trim().is_empty() {
                routes.extend(serde_json::from_str::<Vec<Route>>(&text).map_err(unreadable)?);
            }
        }
        Ok(Links { links, routes })
    }

    /// The interface of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// All interfaces.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.links.iter()
    }

    /// The routes through an interface that somebody made: those that follow from addresses come with them.
    pub(super) fn routes(&self, interface: &str) -> Vec<&Route> {
        let mut routes: Vec<_> =
            self.routes.iter().filter(|r| r.dev == interface && !["kernel", "ra"].contains(&&*r.protocol)).collect();
        // A gateway can be named once it can be reached.
        routes.sort_by_key(|route| route.gateway.is_some());
        routes
    }

    /// Whether an interface is there, and neither has an address nor is a port.
    pub(super) fn is_bare(&self, interface: &str) -> bool {
        self.get(interface).is_some_and(|link| link.master.is_none() && link.addresses().is_empty())
    }

    /// The IPv4 default gateway behind an interface.
    pub(super) fn gateway(&self, interface: &str) -> Option<&str> {
        let default = |r: &&Route| r.dev == interface && r.dst == "default";
        self.routes.iter().filter(default).find_map(|r| r.gateway.as_deref().filter(|g| !g.contains(':')))
    }
}

impl Link {
    /// The addresses that are not the link's own.
    pub(super) fn addresses(&self) -> BTreeSet<String> {
        let ours = |a: &&Address| a.scope == "global" && !a.temporary && !a.mngtmpaddr;
        self.addr_info.iter().filter(ours).map(|a| format!("{}/{}", a.local, a.prefixlen)).collect()
    }

    /// Those of its IPv4 addresses that a DHCP server lends.
    pub(super) fn leased(&self) -> Vec<String> {
        let lent = |a: &&Address| a.scope == "global" && a.dynamic && !a.local.contains(':');
        self.addr_info.iter().filter(lent).map(|a| format!("{}/{}", a.local, a.prefixlen)).collect()
    }

    /// Whether it was switched on.
    pub(super) fn is_up(&self) -> bool {
        self.flags.iter().any(|flag| flag == "UP")
    }

    /// Whether it is the loopback interface.
    pub(super) fn is_loopback(&self) -> bool {
        self.flags.iter().any(|flag| flag == "LOOPBACK")
    }

    /// Whether it is a bridge.
    pub(super) fn is_bridge(&self) -> bool {
        self.linkinfo.as_ref().is_some_and(|info| info.info_kind == "bridge")
    }

    /// Whether a bridge takes part in a spanning tree.
    pub(super) fn stp(&self) -> bool {
        self.linkinfo.as_ref().is_some_and(|info| info.info_data["stp_state"].as_u64().is_some_and(|n| n > 0))
    }
}

impl Route {
    /// What `ip route replace` takes to make it on an interface.
    pub(super) fn arguments(&self, interface: &str) -> String {
        let mut words = vec![self.dst.clone()];
        let mut pair = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                words.extend([name.to_owned(), value]);
            }
        };
        pair("via", self.gateway.clone());
        pair("dev", Some(interface.to_owned()));
        pair("proto", Some(self.protocol.clone()));
        pair("scope", self.scope.clone().filter(|_| self.gateway.is_none()));
        pair("src", self.prefsrc.clone());
        pair("metric", self.metric.map(|n| n.to_string()));
        if self.flags.iter().any(|flag| flag == "onlink") {
            words.push("onlink".to_owned());
        }
        let family =
            if self.dst.contains(':') || self.gateway.as_ref().is_some_and(|g| g.contains(':')) { "-6" } else { "-4" };
        format!("{family} route replace {}", words.join(" "))
    }
}

async fn ip(arguments: &[&str]) -> Result<String, ProviderError> {
    let output = Command::new("ip").args(arguments).output().await.map_err(|error| {
        ProviderError::failed("`ip` cannot be run").remedy("Install it: apt-get install iproute2.").source(error)
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(ProviderError::failed(format!("`ip {}` fails: {said}", arguments.join(" "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn unreadable(error: serde_json::Error) -> ProviderError {
    ProviderError::failed("what `ip -json` says cannot be read").source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_an_interface_is_told_apart() {
        let links = serde_json::from_str(
            r#"[{"ifname":"eth0","flags":["BROADCAST","UP"],"address":"52:54:00:00:00:01","addr_info":[
                {"local":"10.9.0.2","prefixlen":24,"scope":"global"},
                {"local":"fd00::5","prefixlen":64,"scope":"global","mngtmpaddr":true},
                {"local":"fe80::1","prefixlen":64,"scope":"link"}]},
               {"ifname":"br0","flags":[],"linkinfo":{"info_kind":"bridge","info_data":{"stp_state":1}},"addr_info":[]}]"#,
        );
        let routes = serde_json::from_str(
            r#"[{"dst":"default","gateway":"10.9.0.1","dev":"eth0","protocol":"static","metric":100,"flags":["onlink"]},
                {"dst":"10.9.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.9.0.2","flags":[]},
                {"dst":"10.8.0.0/24","dev":"eth0","protocol":"boot","scope":"link","flags":[]}]"#,
        );
        let links = Links { links: links.unwrap(), routes: routes.unwrap() };
        let eth0 = links.get("eth0").unwrap();
        assert_eq!(eth0.addresses(), BTreeSet::from(["10.9.0.2/24".to_owned()]));
        assert!(eth0.is_up() && !eth0.is_bridge() && links.get("br0").unwrap().stp());
        let arguments: Vec<_> = links.routes("eth0").iter().map(|r| r.arguments("br0")).collect();
        assert_eq!(
            arguments,
            [
                "-4 route replace 10.8.0.0/24 dev br0 proto boot scope link",
                "-4 route replace default via 10.9.0.1 dev br0 proto static metric 100 onlink",
            ]
        );
        assert_eq!(links.gateway("eth0"), Some("10.9.0.1"));
    }
}
