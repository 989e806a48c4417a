//! Two things at a time, where neither needs the other.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// How deep a configuration may nest is for its author to say.
const STACK: usize = 32 << 20;

/// Does the first in a thread of its own and the second in this one; one after the other where there is no thread to be
/// had. A panic of either is passed on.
pub(crate) fn both<A: Send, B>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B) -> (A, B) {
    // It stays here until a thread has it.
    let first = Mutex::new(Some(first));
    let work = || first.lock().unwrap_or_else(PoisonError::into_inner).take().map(|first| first());
    thread::scope(|scope| {
        let beside = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let second = second();
        let first = match beside {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => work(),
        };
        (first.unwrap_or_else(|| unreachable!("nobody else takes it")), second)
    })
}

/// Takes something apart in a thread of its own, for which nobody waits; at once where there is no thread to be had.
pub(crate) fn forget<A: Send + 'static>(what: A) {
    // Without a thread the closure is dropped, and this with it.
    drop(thread::Builder::new().stack_size(STACK).spawn(move || drop(what)));
}
