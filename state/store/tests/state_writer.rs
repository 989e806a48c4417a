//! For tests: writes to a state until it is killed, and says what was acknowledged.

fn main() {}
