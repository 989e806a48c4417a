//! The world itself: objects, what happens to them, and the log.

mod store;

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use super::protocol::{Behaviour, Event, Object, Request, Response};
use store::Store;

/// Serves a world at `socket` until the process ends; the log and the objects are kept in files, an existing file of
/// objects is read first.
pub fn serve(socket: &Path, log: &Path, data: &Path) -> io::Result<()> {
    let world = Arc::new(World { inner: Mutex::new(Inner::open(log, data)?), idle: Condvar::new() });
    match std::fs::remove_file(socket) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    for stream in UnixListener::bind(socket)?.incoming() {
        let (stream, world) = (stream?, Arc::clone(&world));
        std::thread::spawn(move || world.converse(&stream));
    }
    Ok(())
}

struct World {
    inner: Mutex<Inner>,
    /// Told whenever an operation ends.
    idle: Condvar,
}

struct Inner {
    store: Store,
    /// How often an operation was asked for, by operation, type and name.
    asked: HashMap<(&'static str, String, String), u64>,
    /// Objects with an operation under way.
    busy: HashSet<String>,
    serial: u64,
}

impl Inner {
    fn open(log: &Path, data: &Path) -> io::Result<Self> {
        let store = Store::open(log, data)?;
        Ok(Inner { store, asked: HashMap::new(), busy: HashSet::new(), serial: 0 })
    }
}

impl World {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers requests until the other end hangs up. A request that has arrived is carried out even if nobody waits
    /// for the answer any more.
    fn converse(&self, stream: &UnixStream) {
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|n| n > 0) && line.ends_with('\n') {
            let response = match serde_json::from_str(&line) {
                Ok(request) => self.answer(request),
                Err(e) => Ok(Response::Failed { event: Event::Missing, message: e.to_string(), object: None }),
            };
            let response = response.unwrap_or_else(|e| Response::Failed {
                event: Event::Missing,
                message: format!("the world cannot write: {e}"),
                object: None,
            });
            let Ok(mut answer) = serde_json::to_string(&response) else { return };
            answer.push('\n');
            let mut stream = stream;
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
            line.clear();
        }
    }

    fn answer(&self, request: Request) -> io::Result<Response> {
        match request {
            Request::Create { object, generate, behaviour } => {
                let (ty, id, name) = (object.ty.clone(), object.id.clone(), object.name.clone());
                self.operate("create", &ty, &id, &name, &behaviour, |inner| create(inner, object, &generate))
            }
            Request::Update { object, restart, behaviour } => {
                let (ty, id, name) = (object.ty.clone(), object.id.clone(), object.name.clone());
                self.operate("update", &ty, &id, &name, &behaviour, |inner| update(inner, object, restart))
            }
            Request::Delete { ty, id, name, behaviour } => {
                self.operate("delete", &ty, &id, &name, &behaviour, |inner| delete(inner, &id))
            }
            Request::Read { ids, container, settle } => {
                let mut inner = self.inner();
                while settle && ids.iter().any(|id| inner.busy.contains(id)) {
                    inner = self.idle.wait(inner).unwrap_or_else(PoisonError::into_inner);
                }
                let of = container.clone().unwrap_or_default();
                let serial = inner.serial;
                inner.store.log(Event::Read, "read", serial, ("", &of, &ids.len().to_string()))?;
                let objects = ids.iter().map(|id| inner.store.get(id)).collect();
                Ok(Response::Read { objects, container: container.and_then(|id| inner.store.get(&id)) })
            }
            Request::Together { ty, container, count } => {
                let mut inner = self.inner();
                let serial = inner.serial;
                inner.store.log(Event::Together, "together", serial, (&ty, &container, &count.to_string()))?;
                Ok(Response::Object(None))
            }
            Request::Find { ty, name } => {
                let found = self.inner().store.all().into_iter().find(|o| o.ty == ty && o.name == name);
                Ok(Response::Object(found))
            }
            Request::Objects => Ok(Response::Objects(self.inner().store.all())),
            Request::Poke { id, values } => self.meddle("poke", &id, |inner, mut object| {
                object.values.extend(values);
                inner.store.put(object)
            }),
            Request::Stop { id } => self.meddle("stop", &id, |inner, mut object| {
                object.values.insert("running".into(), Json::Bool(false));
                lose(inner, &id, |content| content.volatile)?;
                inner.store.put(object)
            }),
            Request::Remove { id } => self.meddle("remove", &id, |inner, _| {
                lose(inner, &id, |_| true)?;
                inner.store.remove(&id)
            }),
        }
    }

    /// One operation of a provider: logged at its start and its end, delayed and failed as it was told.
    fn operate(
        &self,
        op: &'static str,
        ty: &str,
        id: &str,
        name: &str,
        behaviour: &Behaviour,
        effect: impl FnOnce(&mut Inner) -> io::Result<Result<Option<Object>, (Event, String)>>,
    ) -> io::Result<Response> {
        let mut inner = self.inner();
        while inner.busy.contains(id) {
            inner = self.idle.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.busy.insert(id.to_owned());
        inner.serial += 1;
        let serial = inner.serial;
        let asked = inner.asked.entry((op, ty.to_owned(), name.to_owned())).or_default();
        *asked += 1;
        let fails = behaviour.fail == Some(*asked);
        let mut result = inner.store.log(Event::Start, op, serial, (ty, id, name));
        drop(inner);
        std::thread::sleep(Duration::from_millis(behaviour.before));

        let mut inner = self.inner();
        let outcome = if result.is_err() || (fails && !behaviour.fail_after) {
            Err((Event::FailedBefore, format!("`{name}` failed before its {op}, as it was told")))
        } else {
            match effect(&mut inner) {
                Ok(outcome) => outcome,
                Err(e) => {
                    result = Err(e);
                    Ok(None)
                }
            }
        };
        drop(inner);
        std::thread::sleep(Duration::from_millis(behaviour.after));

        let mut inner = self.inner();
        let (event, response) = match outcome {
            Ok(object) if fails => {
                let message = format!("`{name}` failed after its {op}, as it was told");
                (Event::FailedAfter, Response::Failed { event: Event::FailedAfter, message, object })
            }
            Ok(object) => (Event::Done, Response::Object(object)),
            Err((event, message)) => {
                let object = inner.store.get(id);
                (event, Response::Failed { event, message, object })
            }
        };
        let logged = inner.store.log(event, op, serial, (ty, id, name));
        inner.busy.remove(id);
        drop(inner);
        self.idle.notify_all();
        result.and(logged).map(|()| response)
    }

    fn meddle(
        &self,
        op: &str,
        id: &str,
        effect: impl FnOnce(&mut Inner, Object) -> io::Result<()>,
    ) -> io::Result<Response> {
        let mut inner = self.inner();
        let Some(object) = inner.store.get(id) else { return Ok(Response::Object(None)) };
        inner.serial += 1;
        let serial = inner.serial;
        inner.store.log(Event::Meddled, op, serial, (&object.ty, id, &object.name))?;
        effect(&mut inner, object.clone())?;
        Ok(Response::Object(inner.store.get(id).or(Some(object))))
    }
}

type Outcome = io::Result<Result<Option<Object>, (Event, String)>>;

fn create(inner: &mut Inner, mut object: Object, generate: &[String]) -> Outcome {
    if inner.store.get(&object.id).is_some() {
        return Ok(Err((Event::Duplicate, format!("an object with the identity {} exists", object.id))));
    }
    if let Some(refused) = unreachable(inner, &object) {
        return Ok(Err(refused));
    }
    inner.serial += 1;
    for path in generate {
        let made = Json::String(format!("{}-{}", object.name, inner.serial));
        match path.split_once('.') {
            Some((outer, within)) => {
                if let Some(Json::Object(outer)) = object.values.get_mut(outer) {
                    outer.insert(within.to_owned(), made);
                }
            }
            None => drop(object.values.insert(path.clone(), made)),
        }
    }
    if object.boot_id.is_some() {
        start(&mut object, inner.serial);
    }
    object.generation = 1;
    inner.store.put(object.clone())?;
    Ok(Ok(Some(object)))
}

fn update(inner: &mut Inner, object: Object, restart: bool) -> Outcome {
    let Some(old) = inner.store.get(&object.id) else {
        return Ok(Err((Event::Missing, format!("there is no object with the identity {}", object.id))));
    };
    if let Some(refused) = unreachable(inner, &object) {
        return Ok(Err(refused));
    }
    let was_running = old.is_running();
    let mut new = Object { boot_id: old.boot_id, generation: old.generation + 1, ..object };
    if new.boot_id.is_some() && (restart || !was_running) {
        inner.serial += 1;
        start(&mut new, inner.serial);
        lose(inner, &new.id, |content| content.volatile)?;
    }
    inner.store.put(new.clone())?;
    Ok(Ok(Some(new)))
}

fn delete(inner: &mut Inner, id: &str) -> Outcome {
    let Some(object) = inner.store.get(id) else {
        return Ok(Err((Event::Missing, format!("there is no object with the identity {id}"))));
    };
    if let Some(refused) = unreachable(inner, &object) {
        return Ok(Err(refused));
    }
    lose(inner, id, |_| true)?;
    inner.store.remove(id)?;
    Ok(Ok(None))
}

fn start(object: &mut Object, serial: u64) {
    object.boot_id = Some(format!("boot-{serial}"));
    object.values.insert("running".into(), Json::Bool(true));
}

/// Why the box of an object cannot be worked in, if so.
fn unreachable(inner: &Inner, object: &Object) -> Option<(Event, String)> {
    let id = object.container.as_ref()?;
    match inner.store.get(id) {
        Some(holder) if holder.is_running() => None,
        Some(holder) => Some((Event::Unreachable, format!("box `{}` does not run", holder.name))),
        None => Some((Event::Unreachable, format!("there is no box with the identity {id}"))),
    }
}

fn lose(inner: &mut Inner, container: &str, which: impl Fn(&Object) -> bool) -> io::Result<()> {
    let lost = inner.store.all().into_iter().filter(|o| o.container.as_deref() == Some(container) && which(o));
    for object in lost {
        let serial = inner.serial;
        inner.store.log(Event::Lost, "lose", serial, (&object.ty, &object.id, &object.name))?;
        inner.store.remove(&object.id)?;
    }
    Ok(())
}
