//! cplan-sdk
