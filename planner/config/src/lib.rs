//! cplan-config
