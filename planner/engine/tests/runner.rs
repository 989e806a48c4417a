//! The one integration-test binary of the engine.

mod lab;
mod terraform_data;
