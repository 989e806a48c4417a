//! cplan-network
