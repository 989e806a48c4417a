//! Publishers and a worker through the broker.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::broker::Broker;

fn guest(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_cplan-guest"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn worker(broker: &str, more: &[&str]) -> Child {
    let fixed = ["mqtt", "work", "--broker", broker, "--topic", "t/work/+", "--answer-topic-prefix", "t/answer"];
    guest(&[&fixed[..], more].concat())
}

fn publisher(broker: &str, endpoint: &str, more: &[&str]) -> Child {
    let (topic, answers) = (format!("t/work/{endpoint}"), format!("t/answer/{endpoint}"));
    let fixed = ["mqtt", "publish", "--broker", broker, "--topic", &topic, "--answer-topic", &answers, "--out", "-"];
    guest(&[&fixed[..], more].concat())
}

/// When a second process begins.
const LATER: Duration = Duration::from_secs(6);

fn terminate(child: &Child) {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The columns of a publisher's rows.
fn rows(output: &Output) -> Vec<Vec<String>> {
    text(&output.stdout).lines().skip(2).map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn two_publishers_start_together_and_lose_nothing() {
    let Some(broker) = Broker::start() else { return };
    let worker = worker(&broker.address, &["--iterations", "1000", "--endpoints", "2", "--threads", "2"]);
    let load = ["--size", "2000", "--rate", "50", "--duration", "1", "--warmup", "0.2"];
    let first = publisher(&broker.address, "e0", &load);
    std::thread::sleep(LATER);
    let second = publisher(&broker.address, "e1", &load);
    let outputs = [first.wait_with_output().unwrap(), second.wait_with_output().unwrap()];
    let mut starts = Vec::new();
    for output in &outputs {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let sums = text(&output.stdout).lines().next().unwrap().to_owned();
        assert!(sums.contains("\"sent\":60,\"received\":60,\"lost\":0,\"duplicates\":0"), "{sums}");
        let rows = rows(output);
        assert_eq!(rows.iter().filter(|r| r[1] == "1").count(), 10);
        assert_eq!(rows[30][2], "600000000");
        assert!(
            rows.iter().all(|r| r[4].parse::<u64>().unwrap() > r[5].parse::<u64>().unwrap()),
            "latency contains work"
        );
        starts.push(sums.split("started_unix_ns\":").nth(1).unwrap().trim_end_matches('}').parse::<u128>().unwrap());
    }
    // Their loads did not begin one after the other.
    assert!(starts[0].abs_diff(starts[1]) < LATER.as_nanos(), "{starts:?}");
    terminate(&worker);
    let output = worker.wait_with_output().unwrap();
    assert!(output.status.success());
    let report = text(&output.stdout);
    assert!(report.contains("\"ended\":\"signal\",\"received\":120,\"answered\":120"), "{report}");
}

#[test]
fn a_slow_worker_does_not_slow_the_sending() {
    let Some(broker) = Broker::start() else { return };
    // Some 40 ms or more of work per message at 50 messages per second: the queue only grows.
    let worker = worker(&broker.address, &["--iterations", "40000000"]);
    let load = ["--size", "20", "--rate", "50", "--duration", "1", "--drain", "120"];
    let output = publisher(&broker.address, "e0", &load).wait_with_output().unwrap();
    terminate(&worker);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows = rows(&output);
    assert_eq!(rows.len(), 50, "every message is sent although answers lag");
    let latencies: Vec<u64> = rows.iter().filter_map(|r| r[4].parse().ok()).collect();
    let lateness = rows.iter().map(|r| r[3].parse::<u64>().unwrap()).max().unwrap();
    let (first, last) = (latencies[0], latencies[latencies.len() - 1]);
    assert!(latencies.len() > 1 && last > first, "waiting adds up: {latencies:?}");
    assert!(lateness < last, "sending waits for nothing: {lateness} ns late, {last} ns slow");
    drop(worker.wait_with_output());
}

#[test]
fn what_is_not_answered_in_time_is_lost() {
    let Some(broker) = Broker::start() else { return };
    let mut worker = worker(&broker.address, &["--iterations", "20000000000"]);
    let load = ["--size", "20", "--rate", "20", "--duration", "0.5", "--drain", "0.2"];
    let output = publisher(&broker.address, "e0", &load).wait_with_output().unwrap();
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("\"sent\":10,\"received\":0,\"lost\":10"), "{}", text(&output.stdout));
}

#[test]
fn says_that_no_worker_answers() {
    let Some(broker) = Broker::start() else { return };
    let load = ["--size", "64", "--rate", "5", "--duration", "1", "--handshake", "0.5"];
    let output = publisher(&broker.address, "e0", &load).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no worker answered"), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
}

#[test]
fn says_that_the_broker_is_gone() {
    let Some(mut broker) = Broker::start() else { return };
    let worker = worker(&broker.address, &["--iterations", "1"]);
    let publisher = publisher(&broker.address, "e0", &["--size", "64", "--rate", "20", "--duration", "30"]);
    std::thread::sleep(Duration::from_millis(1500));
    let begun = Instant::now();
    broker.stop();
    for child in [publisher, worker] {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("broker"), "{}", text(&output.stderr));
    }
    assert!(begun.elapsed() < Duration::from_secs(28));
}

#[test]
fn a_worker_without_work_leaves_by_itself() {
    let Some(broker) = Broker::start() else { return };
    let output = worker(&broker.address, &["--iterations", "1", "--idle", "0.4"]).wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("\"ended\":\"idle\""), "{}", text(&output.stdout));
}

#[test]
fn refuses_what_cannot_be_and_names_it() {
    let output = guest(&["mqtt", "publish", "--topic", "t"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--broker is missing"));
    let output = publisher("127.0.0.1:9", "e0", &["--size", "4", "--rate", "1", "--duration", "1"]);
    let output = output.wait_with_output().unwrap();
    assert!(text(&output.stderr).contains("too small"), "{}", text(&output.stderr));
}
