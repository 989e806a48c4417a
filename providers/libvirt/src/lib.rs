//! cplan-libvirt
