//! The one integration-test binary of the engine.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its lab has failed")]

mod clock;
mod conditions;
mod deferred;
mod imports;
mod lab;
mod lifecycle;
mod moves;
mod plan_file;
mod selection;
mod terraform_data;
mod unread;
