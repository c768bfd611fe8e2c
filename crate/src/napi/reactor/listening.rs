//! Listening sockets that the reactor takes over from libuv, and descriptors that go back to Node.js.
//!
//! libuv has no function that has a listener of its own rest: what it waits for is taken out of the epoll set behind its back, and
//! put there again as it was. libuv itself takes a descriptor out when it closes it, and does not mind that it is gone.

use std::os::fd::{BorrowedFd, IntoRawFd, RawFd};

use napi::sys;
use rustix::event::epoll;
use rustix::io;

use super::Host;
use super::calls::{host, negative};
use crate::napi::engine::{FrameEngine, enter};
use crate::napi::raw::{Call, Env, Value};
use crate::reactor::ListenOptions;

/// The argument as a descriptor; `None` where it is none.
fn descriptor<const ARGUMENTS: usize>(call: &Call<ARGUMENTS>, index: usize) -> Option<RawFd> {
    i32::try_from(call.integer(index)).ok()
}

/// Has the reactor take in the connections of the listening socket `fd`, for which libuv waits.
fn take_over(host: &mut Host, fd: BorrowedFd<'_>, options: ListenOptions) -> io::Result<u32> {
    let slot = host.reactor.listen(fd, options)?;
    // SAFETY: libuv's set, which is there as long as its loop.
    let backend = unsafe { BorrowedFd::borrow_raw(host.backend) };
    epoll::delete(backend, fd).inspect_err(|_| host.reactor.detach(slot))?;
    Ok(slot)
}

/// `reactorListen(fd, noDelay, keepAlive, keepAliveSeconds)` → slot, or a negative error number; the two are 0 or 1
pub unsafe extern "C" fn listen(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<4>, engine: &mut FrameEngine| {
        let (Some(host), Some(fd)) = (host(engine), descriptor(call, 0)) else {
            return call.make_integer(-libc::EBADF);
        };
        let options = ListenOptions {
            no_delay: call.integer(1) != 0,
            keep_alive: (call.integer(2) != 0).then(|| call.integer(3)),
        };
        // SAFETY: the descriptor of a server that JavaScript holds open during this call. Nothing is kept but a duplicate.
        let result = take_over(host, unsafe { BorrowedFd::borrow_raw(fd) }, options);
        call.make_number(result.map_or_else(|error| f64::from(negative(error)), f64::from))
    };
    // SAFETY: called by Node.js; `super::super::exports` made the function with the engine as data.
    unsafe { enter(env, info, body) }
}

/// `reactorUnlisten(slot, fd)`: libuv waits for the connections of `fd` again → 0, or a negative error number
pub unsafe extern "C" fn unlisten(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, engine: &mut FrameEngine| {
        let (Some(host), Some(fd)) = (host(engine), descriptor(call, 1)) else {
            return call.make_integer(-libc::EBADF);
        };
        host.reactor.detach(call.integer(0));
        host.freed();
        // SAFETY: as in `listen` and `take_over`.
        let (backend, listener) = unsafe {
            (
                BorrowedFd::borrow_raw(host.backend),
                BorrowedFd::borrow_raw(fd),
            )
        };
        // As libuv has it: it tells its watchers by their descriptor.
        let data = epoll::EventData::new_u64(u64::from(fd.unsigned_abs()));
        let result = epoll::add(backend, listener, data, epoll::EventFlags::IN);
        call.make_integer(result.err().map_or(0, negative))
    };
    // SAFETY: as in `listen`.
    unsafe { enter(env, info, body) }
}

/// `reactorTake(slot)`: frees the slot → the descriptor of its socket, which is the caller's, or a negative error number
pub unsafe extern "C" fn take(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let Some(host) = host(engine) else {
            return call.make_integer(-libc::EBADF);
        };
        let taken = host.reactor.take(call.integer(0));
        host.freed();
        call.make_integer(taken.map_or(-libc::EBADF, IntoRawFd::into_raw_fd))
    };
    // SAFETY: as in `listen`.
    unsafe { enter(env, info, body) }
}

/// `reactorDuplicate(slot)` → another descriptor of its socket, which is the caller's, or a negative error number
pub unsafe extern "C" fn duplicate(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let Some(host) = host(engine) else {
            return call.make_integer(-libc::EBADF);
        };
        let result = host.reactor.duplicate(call.integer(0));
        call.make_integer(result.map_or_else(negative, IntoRawFd::into_raw_fd))
    };
    // SAFETY: as in `listen`.
    unsafe { enter(env, info, body) }
}

/// `reactorNetwork(slot)` → the peer's IPv4 address or IPv6 network, "" where it has none
pub unsafe extern "C" fn network(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let network = host(engine).and_then(|host| host.reactor.network(call.integer(0)));
        call.make_latin1(network.unwrap_or_default().as_bytes())
    };
    // SAFETY: as in `listen`.
    unsafe { enter(env, info, body) }
}
