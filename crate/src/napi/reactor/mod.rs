//! The native transport's place in Node.js: the reactor's set watched by libuv, what is read handed to JavaScript in
//! batches, what JavaScript sends handed to the sockets.
//!
//! A batch is collected without running JavaScript, then JavaScript is entered once for all of it. No Rust reference lives
//! while JavaScript runs: its handlers call the functions of `calls.rs` on the same state.

mod batch;
pub mod calls;
#[cfg(target_os = "linux")]
mod listening;
mod place;
mod slab;
mod uv;

use std::ffi::{CStr, c_int, c_void};
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

use super::engine::FrameEngine;
use super::raw::{Env, Memory, Value};
use crate::reactor::Reactor;
pub use place::Place;
use slab::Slabs;
use uv::{Handle, Poll, Uv};

/// How many batches one turn of the loop may bring, where the first did not take all that was ready.
const MAX_BATCHES: usize = 4;

/// The native transport of one environment. It is freed when libuv has closed its handle.
pub struct Host {
    env: Env,
    engine: *mut FrameEngine,
    poll: Option<Poll>,
    is_poll_referenced: bool,
    /// The epoll set of Node's own loop.
    #[cfg(target_os = "linux")]
    backend: c_int,
    pub reactor: Reactor,
    context: sys::napi_async_context,
    on_batch: sys::napi_ref,
    words: Memory,
    /// Where JavaScript writes what `calls::flush` is to send.
    sends: Memory,
    /// Where JavaScript writes what `calls::texts` is to frame.
    texts: Memory,
    units: Vec<u16>,
    /// These keep the three alive.
    _references: [sys::napi_ref; 3],
    slabs: Slabs,
    cleanup: sys::napi_async_cleanup_hook_handle,
    is_delivering: bool,
}

/// Why there is no native transport.
pub enum Unavailable {
    /// The program does not export libuv.
    NoUv,
    /// The operating system's, or libuv's, negative error number.
    Error(i32),
}

impl Host {
    /// Makes the host of an environment, and leaks it to libuv and to the environment's cleanup.
    ///
    /// # Safety
    /// `env` is that of a running callback; `engine` lives until the environment's cleanup; JavaScript keeps the arrays to
    /// itself.
    unsafe fn open(
        env: Env,
        engine: *mut FrameEngine,
        arrays: [(Value, Memory); 3],
        on_batch: Value,
    ) -> Result<*mut Self, Unavailable> {
        let uv = Uv::load().ok_or(Unavailable::NoUv)?;
        let reactor = Reactor::new().map_err(|error| Unavailable::Error(-error.raw_os_error()))?;
        let failed = Unavailable::Error(-libc::EINVAL);
        let mut event_loop = ptr::null_mut();
        // SAFETY: `env` is that of the running callback.
        let status = unsafe { sys::napi_get_uv_event_loop(env, &raw mut event_loop) };
        if status != sys::Status::napi_ok {
            return Err(failed);
        }
        let mut name = ptr::null_mut();
        let mut context = ptr::null_mut();
        let text = c"NODEJS_WEBSOCKET";
        // SAFETY: the text is readable for its length; null is for "no resource of its own".
        let status = unsafe {
            sys::napi_create_string_latin1(
                env,
                text.as_ptr(),
                text.count_bytes() as isize,
                &raw mut name,
            );
            sys::napi_async_init(env, ptr::null_mut(), name, &raw mut context)
        };
        if status != sys::Status::napi_ok {
            return Err(failed);
        }
        let host = Box::into_raw(Box::new(Self {
            env,
            engine,
            poll: None,
            is_poll_referenced: false,
            // SAFETY: the loop is this thread's, and runs.
            #[cfg(target_os = "linux")]
            backend: unsafe { uv::backend_fd(uv, event_loop.cast()) },
            reactor,
            context,
            on_batch: reference(env, on_batch),
            words: arrays[0].1,
            sends: arrays[1].1,
            texts: arrays[2].1,
            units: Vec::new(),
            _references: arrays.map(|(value, _)| reference(env, value)),
            slabs: Slabs::default(),
            cleanup: ptr::null_mut(),
            is_delivering: false,
        }));
        // SAFETY: the host was just leaked, and nobody else has it.
        let this = unsafe { &mut *host };
        let fd = this.reactor.set().as_raw_fd();
        // SAFETY: the loop is this thread's; the host, and with it the set, is freed in the callback of `close` only.
        let poll = unsafe { Poll::start(uv, event_loop.cast(), fd, host.cast(), on_poll) };
        match poll {
            Ok(poll) => this.poll = Some(poll),
            Err(status) => {
                // SAFETY: libuv does not know it.
                drop(unsafe { Box::from_raw(host) });
                return Err(Unavailable::Error(status));
            }
        }
        // A live handle would abort the process when the environment of a worker thread ends.
        // SAFETY: the host lives until its handle is closed, which the hook begins.
        unsafe {
            sys::napi_add_async_cleanup_hook(
                env,
                Some(on_cleanup),
                host.cast(),
                &raw mut this.cleanup,
            );
        }
        Ok(host)
    }

    /// The environment's engine is about to be dropped.
    pub fn forget_engine(&mut self) {
        self.engine = ptr::null_mut();
    }

    /// A slot was freed by JavaScript.
    fn freed(&mut self) {
        if !self.is_delivering {
            self.reactor.recycle();
        }
        self.update_reference();
    }

    /// Keeps the loop alive just while a connection wants it.
    fn update_reference(&mut self) {
        let is_active = self.reactor.is_active();
        if is_active != self.is_poll_referenced {
            self.is_poll_referenced = is_active;
            if let Some(poll) = &mut self.poll {
                poll.set_referenced(is_active);
            }
        }
    }
}

/// A strong reference to a value, null where it cannot be made. It is freed with the environment.
fn reference(env: Env, value: Value) -> sys::napi_ref {
    let mut result = ptr::null_mut();
    // SAFETY: the value belongs to the running callback of `env`.
    unsafe { sys::napi_create_reference(env, value, 1, &raw mut result) };
    result
}

/// libuv: the set is readable.
unsafe extern "C" fn on_poll(handle: Handle, _status: c_int, _events: c_int) {
    // What a panic leaves behind is a batch that is not delivered; the next one is a new one.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: libuv passes the handle that was started with the host as data; the host lives until it is closed.
        unsafe { wake(uv::data(handle).cast()) }
    }));
}

/// Collects batches and has JavaScript deliver them.
///
/// # Safety
/// `host` is alive, and the loop's thread runs this.
unsafe fn wake(host: *mut Host) {
    // SAFETY: no reference to the host is alive outside of a call, and there is none in progress.
    let this = unsafe { &mut *host };
    if this.is_delivering || this.engine.is_null() {
        return;
    }
    let (env, context, on_batch) = (this.env, this.context, this.on_batch);
    for turn in 0..MAX_BATCHES {
        // SAFETY: as above: no call is in progress.
        let this = unsafe { &mut *host };
        // Another turn of the loop would cost more than to serve now who is known to be ready.
        if turn > 0 && (this.engine.is_null() || !this.reactor.has_ready()) {
            return;
        }
        let mut scope = ptr::null_mut();
        // SAFETY: the environment is alive while its engine is.
        unsafe {
            sys::napi_open_handle_scope(env, &raw mut scope);
            if this.collect(turn == 0) {
                this.is_delivering = true;
                deliver(env, context, on_batch);
                // What the handlers did is over: the host is this call's again.
                let this = &mut *host;
                this.is_delivering = false;
                let kept = this.words.as_mut_slice::<u32>()[1];
                this.slabs.end(kept);
                this.reactor.recycle();
            }
            sys::napi_close_handle_scope(env, scope);
        }
    }
}

/// Calls `onBatch` until it returns. What a handler throws is an uncaught exception like any other; JavaScript knows how far
/// it came, and goes on behind it.
///
/// # Safety
/// A handle scope of `env` is open.
unsafe fn deliver(env: Env, context: sys::napi_async_context, on_batch: sys::napi_ref) {
    let (mut function, mut receiver) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the reference is alive with the environment.
    unsafe {
        sys::napi_get_reference_value(env, on_batch, &raw mut function);
        sys::napi_get_global(env, &raw mut receiver);
    }
    // One call for each handler that throws, at most; the bound is for what should not be.
    for _ in 0..=batch::MAX_CALLS {
        let mut result = ptr::null_mut();
        // SAFETY: the values are alive in the open scope. Ticks and microtasks run when this call ends.
        let status = unsafe {
            sys::napi_make_callback(
                env,
                context,
                receiver,
                function,
                0,
                ptr::null(),
                &raw mut result,
            )
        };
        if status != sys::Status::napi_pending_exception {
            return;
        }
        let mut error = ptr::null_mut();
        // SAFETY: an exception is pending in `env`.
        let status = unsafe {
            sys::napi_get_and_clear_last_exception(env, &raw mut error);
            sys::napi_fatal_exception(env, error)
        };
        // A thread that is being terminated runs no more JavaScript.
        if status != sys::Status::napi_ok {
            return;
        }
    }
}

/// The environment ends: no more batches, and the handle is closed before the loop is.
unsafe extern "C" fn on_cleanup(_handle: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the hook was added with the host, which lives until its handle is closed.
        let this = unsafe { &mut *data.cast::<Host>() };
        if !this.engine.is_null() {
            // SAFETY: the engine's own hook was added before this one, and so runs after it.
            unsafe { (*this.engine).reactor = ptr::null_mut() };
            this.engine = ptr::null_mut();
        }
        if let Some(poll) = &mut this.poll {
            poll.close(on_close);
        }
    }));
}

/// libuv: the handle is closed.
unsafe extern "C" fn on_close(handle: Handle) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the data of the handle are the host, which nothing refers to any more.
        let host = unsafe { Box::from_raw(uv::data(handle).cast::<Host>()) };
        let cleanup = host.cleanup;
        // With it go the sockets, the set, and the memory of the handle itself.
        drop(host);
        // SAFETY: the handle of the hook that began this; the environment waits for it.
        unsafe { sys::napi_remove_async_cleanup_hook(cleanup) };
    }));
}

/// The name by which JavaScript knows a function, and the function.
pub const FUNCTIONS: &[(&CStr, sys::napi_callback)] = &[
    (c"reactorOpen", Some(calls::open)),
    (c"reactorAttach", Some(calls::attach)),
    (c"reactorDetach", Some(calls::detach)),
    #[cfg(target_os = "linux")]
    (c"reactorListen", Some(listening::listen)),
    #[cfg(target_os = "linux")]
    (c"reactorUnlisten", Some(listening::unlisten)),
    #[cfg(target_os = "linux")]
    (c"reactorTake", Some(listening::take)),
    #[cfg(target_os = "linux")]
    (c"reactorDuplicate", Some(listening::duplicate)),
    (c"reactorNetwork", Some(listening::network)),
    (c"reactorShutdown", Some(calls::shutdown)),
    (c"reactorCount", Some(calls::count)),
    (c"reactorDecoder", Some(calls::decoder)),
    (c"reactorInterest", Some(calls::interest)),
    (c"reactorPlace", Some(calls::place)),
    (c"reactorSlab", Some(calls::slab)),
    (c"reactorTexts", Some(calls::texts)),
    (c"parseRequest", Some(calls::parse_request)),
    (c"reactorSend", Some(calls::send)),
    (c"reactorSendLast", Some(calls::send_last)),
    (c"reactorFlush", Some(calls::flush)),
];
