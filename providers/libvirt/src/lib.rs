//! Hosts, networks, images and machines through libvirt.

mod apt;
mod arch;
mod cgroup;
mod client;
mod doctor;
mod foreign;
mod guest_init;
mod guest_scripts;
mod guest_system;
mod host;
mod image;
mod initramfs;
mod kvm;
mod library;
mod lock_file;
mod machine;
mod naming;
mod network;
mod nocloud;
mod ownership;
mod settings;
pub mod xml;

pub use arch::Arch;
pub use client::{Client, LibvirtError};
pub use doctor::{Finding, Health, doctor};
pub use host::{HostFacts, facts};
pub use image::{
    CacheSurvey, CachedImage, Holder, ImageError, ImageResource, PruneOptions, Pruned, boot_type, prune, survey,
};
pub use kvm::{KvmProbe, KvmVerdict};
pub use library::LibraryError;
pub use machine::{Effect, MachineResource, Rule, TABLE};
pub use network::{NetworkResource, attachment_type};
pub use ownership::{Mark, NAMESPACE};
pub use settings::{HostSettings, SharedSettings};
