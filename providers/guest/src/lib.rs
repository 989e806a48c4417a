//! cplan-guest
