//! cplan-store
