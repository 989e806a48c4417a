//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

/// What the program can do.
pub(crate) const USAGE: &str = "\
usage: cplan-guest mqtt publish --broker HOST:PORT --topic TOPIC --answer-topic TOPIC --size BYTES --rate HZ
                                --duration SECONDS [--warmup SECONDS] [--drain SECONDS] [--handshake SECONDS] [--out FILE]
       cplan-guest mqtt work    --broker HOST:PORT --topic FILTER --answer-topic-prefix PREFIX --iterations N
                                [--threads N] [--endpoints N] [--idle SECONDS]
";

/// A parsed command line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arguments {
    /// `mqtt publish`
    Publish(Publish),
    /// `mqtt work`
    Work(Work),
    /// `--help`
    Help,
}

/// `mqtt publish`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Publish {
    /// `host:port` of the broker.
    pub(crate) broker: String,
    /// Where messages go; its last segment names this endpoint.
    pub(crate) topic: String,
    /// Where answers arrive.
    pub(crate) answer_topic: String,
    /// The payload's size in bytes, header included.
    pub(crate) size: usize,
    /// Messages per second.
    pub(crate) rate: f64,
    /// How long to send measured messages.
    pub(crate) duration: Duration,
    /// How long to send before that, at the same rate.
    pub(crate) warmup: Duration,
    /// How long to wait for answers after the last send.
    pub(crate) drain: Duration,
    /// How long to wait for the first sign of life of the broker and the worker.
    pub(crate) handshake: Duration,
    /// The file for the samples; `None` is standard output.
    pub(crate) out: Option<PathBuf>,
}

/// `mqtt work`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Work {
    /// `host:port` of the broker.
    pub(crate) broker: String,
    /// What to subscribe to; the last segment of a message's topic names its endpoint.
    pub(crate) topic: String,
    /// Answers go to `<prefix>/<endpoint>`.
    pub(crate) answer_topic_prefix: String,
    /// The work per message.
    pub(crate) iterations: u64,
    /// How many messages are worked on at a time.
    pub(crate) threads: usize,
    /// Greetings are answered once so many endpoints have sent one.
    pub(crate) endpoints: usize,
    /// Ends after so long without a message.
    pub(crate) idle: Duration,
}

impl Arguments {
    /// Parses; an error names the option.
    pub(crate) fn parse(mut parser: Parser) -> Result<Arguments, lexopt::Error> {
        let mut words = Vec::new();
        let mut options = Vec::new();
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("help") | Arg::Short('h') => return Ok(Arguments::Help),
                Arg::Value(word) => words.push(word.string()?),
                Arg::Long(name) => {
                    let name = name.to_owned();
                    options.push((name, parser.value()?.string()?));
                }
                Arg::Short(_) => return Err(arg.unexpected()),
            }
        }
        let mut options = Options(options);
        let parsed = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["mqtt", "publish"] => Arguments::Publish(Publish {
                broker: options.required("broker")?,
                topic: options.required("topic")?,
                answer_topic: options.required("answer-topic")?,
                size: options.number("size", None)?,
                rate: options.rate()?,
                duration: options.seconds("duration", None)?,
                warmup: options.seconds("warmup", Some(0.0))?,
                drain: options.seconds("drain", Some(5.0))?,
                handshake: options.seconds("handshake", Some(30.0))?,
                out: options.take("out").filter(|o| o != "-").map(PathBuf::from),
            }),
            ["mqtt", "work"] => Arguments::Work(Work {
                broker: options.required("broker")?,
                topic: options.required("topic")?,
                answer_topic_prefix: options.required("answer-topic-prefix")?,
                iterations: options.number("iterations", None)?,
                threads: options.number("threads", Some(1))?,
                endpoints: options.number("endpoints", Some(1))?,
                idle: options.seconds("idle", Some(60.0))?,
            }),
            _ => return Err("name a command: `mqtt publish` or `mqtt work`".into()),
        };
        match options.0.first() {
            Some((name, _)) => Err(format!("there is no option --{name} here").into()),
            None => Ok(parsed),
        }
    }
}

struct Options(Vec<(String, String)>);

impl Options {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.remove(at).1)
    }

    fn required(&mut self, name: &str) -> Result<String, lexopt::Error> {
        self.take(name).ok_or_else(|| format!("--{name} is missing").into())
    }

    fn number<N: std::str::FromStr>(&mut self, name: &str, default: Option<N>) -> Result<N, lexopt::Error> {
        match (self.take(name), default) {
            (Some(text), _) => text.parse().map_err(|_| format!("--{name} {text} is not a whole number").into()),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(format!("--{name} is missing").into()),
        }
    }

    fn seconds(&mut self, name: &str, default: Option<f64>) -> Result<Duration, lexopt::Error> {
        let seconds: f64 = self.number(name, default)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| format!("--{name} {seconds} is not a time in seconds").into())
    }

    fn rate(&mut self) -> Result<f64, lexopt::Error> {
        let rate: f64 = self.number("rate", None)?;
        if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err(format!("--rate {rate} is not above zero").into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(Parser::from_args(line.split_whitespace())).map_err(|e| e.to_string())
    }

    #[test]
    fn reads_both_commands() {
        let Ok(Arguments::Publish(publish)) = parse(
            "mqtt publish --broker 10.0.0.1:1883 --topic t/e0 --answer-topic a/e0 --size 64 --rate 2.5 --duration 1.5 --out -",
        ) else {
            panic!("not a publish");
        };
        assert_eq!((publish.size, publish.rate, publish.duration), (64, 2.5, Duration::from_millis(1500)));
        assert_eq!((publish.warmup, publish.out), (Duration::ZERO, None));
        let Ok(Arguments::Work(work)) =
            parse("mqtt work --broker b:1 --topic t/+ --answer-topic-prefix a --iterations 9 --threads=2")
        else {
            panic!("not a work");
        };
        assert_eq!((work.iterations, work.threads, work.endpoints), (9, 2, 1));
    }

    #[test]
    fn names_what_is_wrong() {
        for (line, says) in [
            ("mqtt", "name a command"),
            ("mqtt work --topic t", "--broker is missing"),
            ("mqtt work --broker b --topic t --answer-topic-prefix a --iterations x", "--iterations x"),
            ("mqtt work --broker b --topic t --answer-topic-prefix a --iterations 1 --sizes 3", "--sizes"),
            ("mqtt publish --broker b --topic t --answer-topic a --size 64 --rate 0 --duration 1", "--rate 0"),
            ("mqtt publish --broker b --topic t --answer-topic a --size 64 --rate 1 --duration -1", "--duration -1"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(says), "{line}: {error}");
        }
    }
}
