//! The test's end: starts a world, looks at it, meddles with it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};

use super::protocol::{LogEntry, Object, Request, Response};

/// A world in a process of its own, which ends when this is dropped or its owner dies.
#[derive(Debug)]
pub struct FakeWorld {
    process: Child,
    folder: PathBuf,
}

impl FakeWorld {
    /// Starts the world program `bin` with its socket, log and data in `dir`; what is in the data is there again.
    pub fn spawn(bin: &Path, dir: &Path) -> io::Result<FakeWorld> {
        let socket = dir.join("world.sock");
        // The world ends with its standard input, so that a killed test leaves none behind.
        let process = Command::new(bin)
            .args([&socket, &dir.join("world.log"), &dir.join("world.json")])
            .arg("--until-stdin-ends")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let world = FakeWorld { process, folder: dir.to_owned() };
        let start = Instant::now();
        while let Err(e) = UnixStream::connect(&socket) {
            if start.elapsed() > Duration::from_secs(60) {
                return Err(e);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(world)
    }

    /// Where providers reach it.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("world.sock")
    }

    /// All objects, by identity.
    pub fn objects(&self) -> io::Result<Vec<Object>> {
        match self.ask(&Request::Objects)? {
            Response::Objects(objects) => Ok(objects),
            other => Err(unexpected(&other)),
        }
    }

    /// The object of a type with a name; there may be none, and must not be two.
    pub fn object(&self, ty: &str, name: &str) -> io::Result<Option<Object>> {
        let mut found = self.objects()?.into_iter().filter(|o| o.ty == ty && o.name == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(io::Error::other(format!("there are two of {ty} `{name}`"))),
            (one, None) => Ok(one),
        }
    }

    /// Everything that happened, oldest first.
    pub fn log(&self) -> io::Result<Vec<LogEntry>> {
        let text = std::fs::read_to_string(self.folder.join("world.log"))?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Changes attributes behind everybody's back; whether the object exists.
    pub fn poke<'a>(&self, id: &str, values: impl IntoIterator<Item = (&'a str, Json)>) -> io::Result<bool> {
        let values: Map<String, Json> = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.meddle(&Request::Poke { id: id.to_owned(), values })
    }

    /// Stops a box; whether it exists.
    pub fn stop(&self, id: &str) -> io::Result<bool> {
        self.meddle(&Request::Stop { id: id.to_owned() })
    }

    /// Deletes an object, and what a box holds with it; whether it existed.
    pub fn remove(&self, id: &str) -> io::Result<bool> {
        self.meddle(&Request::Remove { id: id.to_owned() })
    }

    fn meddle(&self, request: &Request) -> io::Result<bool> {
        match self.ask(request)? {
            Response::Object(object) => Ok(object.is_some()),
            other => Err(unexpected(&other)),
        }
    }

    fn ask(&self, request: &Request) -> io::Result<Response> {
        let mut stream = UnixStream::connect(self.socket())?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }
}

impl Drop for FakeWorld {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn unexpected(response: &Response) -> io::Error {
    io::Error::other(format!("an answer that does not fit: {response:?}"))
}
