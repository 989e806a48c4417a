//! cplan-engine
