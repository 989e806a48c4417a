//! Hosts, networks, images and machines through libvirt.

mod apt;
mod client;
mod doctor;
mod guest_init;
mod host;
mod kvm;
mod machine;
mod image;
mod initramfs;
mod lock_file;
mod naming;
mod network;
mod ownership;
mod settings;
pub mod xml;

pub use client::{Client, LibvirtError};
pub use doctor::{Finding, Health, doctor};
pub use host::{HostFacts, facts};
pub use kvm::{KvmProbe, KvmVerdict};
pub use machine::{MachineResource, boot_type};
pub use image::{ImageError, ImageResource};
pub use network::{NetworkResource, attachment_type};
pub use ownership::{Mark, NAMESPACE};
pub use settings::{HostSettings, SharedSettings};
