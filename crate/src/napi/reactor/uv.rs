//! The few functions of libuv that watch a descriptor, looked up in the running program.
//!
//! Node.js exports them; other runtimes that load addons may not, and then there is no native transport.

use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute_copy;

pub type Handle = *mut c_void;
type PollCallback = unsafe extern "C" fn(Handle, c_int, c_int);
type CloseCallback = unsafe extern "C" fn(Handle);

/// `UV_POLL` of `uv_handle_type`.
const UV_POLL: c_int = 8;
/// `UV_READABLE` of `uv_poll_event`.
const UV_READABLE: c_int = 1;

/// The functions, each with the type that uv.h declares.
#[derive(Clone, Copy)]
pub struct Uv {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    handle_set_data: unsafe extern "C" fn(Handle, *mut c_void),
    poll_init: unsafe extern "C" fn(*mut c_void, Handle, c_int) -> c_int,
    poll_start: unsafe extern "C" fn(Handle, c_int, PollCallback) -> c_int,
    poll_stop: unsafe extern "C" fn(Handle) -> c_int,
    reference: unsafe extern "C" fn(Handle),
    unreference: unsafe extern "C" fn(Handle),
    close: unsafe extern "C" fn(Handle, CloseCallback),
    #[cfg(target_os = "linux")]
    backend_fd: unsafe extern "C" fn(*mut c_void) -> c_int,
}

/// The function `name` of the program or a library it has loaded.
///
/// # Safety
/// `T` is the type of a pointer to the function that goes by that name.
unsafe fn symbol<T>(name: &CStr) -> Option<T> {
    // SAFETY: `name` ends in NUL; the lookup has no other condition.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: the caller vouches for the type, and a function pointer is as wide as the address.
    (!address.is_null()).then(|| unsafe { transmute_copy(&address) })
}

impl Uv {
    /// `None` where one of them is missing.
    pub fn load() -> Option<Self> {
        // SAFETY: the types are those of uv.h, which have not changed since version 1.19.
        unsafe {
            Some(Self {
                handle_size: symbol(c"uv_handle_size")?,
                handle_set_data: symbol(c"uv_handle_set_data")?,
                poll_init: symbol(c"uv_poll_init")?,
                poll_start: symbol(c"uv_poll_start")?,
                poll_stop: symbol(c"uv_poll_stop")?,
                reference: symbol(c"uv_ref")?,
                unreference: symbol(c"uv_unref")?,
                close: symbol(c"uv_close")?,
                #[cfg(target_os = "linux")]
                backend_fd: symbol(c"uv_backend_fd")?,
            })
        }
    }
}

/// The epoll set of a loop.
///
/// # Safety
/// `event_loop` is a loop that runs.
#[cfg(target_os = "linux")]
pub unsafe fn backend_fd(uv: Uv, event_loop: *mut c_void) -> c_int {
    // SAFETY: passed on from the caller.
    unsafe { (uv.backend_fd)(event_loop) }
}

/// A `uv_poll_t` of its own memory, which is freed when libuv says that it is closed.
pub struct Poll {
    uv: Uv,
    /// 16-byte units, so that the memory is aligned for any of its fields.
    memory: Box<[u128]>,
}

impl Poll {
    /// Watches `fd` for reading; `callback` is called with a handle whose data are `data`. The handle is unreferenced.
    ///
    /// # Safety
    /// `event_loop` is the running loop; `fd` stays open, and `data` valid, until the callback of `close` has run.
    pub unsafe fn start(
        uv: Uv,
        event_loop: *mut c_void,
        fd: c_int,
        data: *mut c_void,
        callback: PollCallback,
    ) -> Result<Self, c_int> {
        // SAFETY: reads a table of libuv's.
        let size = unsafe { (uv.handle_size)(UV_POLL) };
        let mut memory = vec![0_u128; size.div_ceil(size_of::<u128>())].into_boxed_slice();
        let handle = memory.as_mut_ptr().cast();
        // SAFETY: the memory is as large as libuv asks for; the caller vouches for the rest.
        let status = unsafe { (uv.poll_init)(event_loop, handle, fd) };
        if status != 0 {
            return Err(status);
        }
        // SAFETY: the handle is initialized.
        let status = unsafe {
            (uv.handle_set_data)(handle, data);
            (uv.unreference)(handle);
            (uv.poll_start)(handle, UV_READABLE, callback)
        };
        // `uv_poll_start` checks what `uv_poll_init` has checked before it.
        debug_assert_eq!(status, 0);
        Ok(Self { uv, memory })
    }

    fn handle(&mut self) -> Handle {
        self.memory.as_mut_ptr().cast()
    }

    /// Whether the handle keeps the loop alive.
    pub fn set_referenced(&mut self, is_referenced: bool) {
        let (uv, handle) = (self.uv, self.handle());
        // SAFETY: the handle is initialized and not closed.
        unsafe {
            if is_referenced {
                (uv.reference)(handle);
            } else {
                (uv.unreference)(handle);
            }
        }
    }

    /// Stops watching and closes the handle; the memory is the handle's until `callback` runs.
    pub fn close(&mut self, callback: CloseCallback) {
        let (uv, handle) = (self.uv, self.handle());
        // SAFETY: the handle is initialized, and closed only here, once.
        unsafe {
            (uv.poll_stop)(handle);
            (uv.close)(handle, callback);
        }
    }
}

/// The data that the handle was started with.
///
/// # Safety
/// `handle` is one that libuv passed to a callback.
pub unsafe fn data(handle: Handle) -> *mut c_void {
    // SAFETY: "data" is the first field of every handle, which uv.h guarantees ("public": `void* data`).
    unsafe { handle.cast::<*mut c_void>().read() }
}
