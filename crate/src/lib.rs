//! The frame engine of `nodejs-websocket`: RFC 6455 frames in and out.
//!
//! [`decoder::Decoder`] turns the bytes of one connection, in whatever cuts, into events; [`encoder`] writes frames. Neither
//! knows sockets, ready states or Node.js. The feature `napi` adds the binding, which converts, calls and returns.

#[cfg(target_os = "linux")]
pub mod accept;
pub mod close;
pub mod decoder;
pub mod deflate;
pub mod encoder;
pub mod error;
pub mod header;
pub mod inflate;
pub mod limits;
pub mod mask;
pub mod opcode;
#[cfg(native_transport)]
pub mod reactor;
#[cfg(native_transport)]
pub mod request;
pub mod sink;
pub mod utf8;

// Test programs have no Node.js to link with; the binding is tested from JavaScript.
#[cfg(all(feature = "napi", not(test)))]
#[allow(unsafe_code)]
mod napi;
