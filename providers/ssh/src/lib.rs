//! cplan-ssh
