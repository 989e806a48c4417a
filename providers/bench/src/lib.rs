//! cplan-bench
