#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cplan_tests::fuzz::evaluator(bytes));
