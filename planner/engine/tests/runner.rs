//! The one integration-test binary of the engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its lab has failed")]

mod lab;
mod plan_file;
mod terraform_data;
mod unread;
