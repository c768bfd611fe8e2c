//! A load generator for WebSocket servers: one thread, one epoll set, frames that are masked before the clock starts.
//!
//! Below: `messages` and `receiver` know what is sent and must come back (`deflate` when it is compressed), `stream` and `poller` carry bytes, `opening` does the
//! opening handshake, `measurement` keeps the time and counts, `pages` looks at what else the server's process does. A module of `modes` is one kind of load; `serve` is
//! the other end, a native echo server to measure clients with. Only `modes` and `serve` know all of them.

pub mod cli;
pub mod clock;
pub mod closing;
pub mod connection;
pub mod deflate;
pub mod dial;
pub mod failure;
pub mod frames;
pub mod handshake;
pub mod histogram;
pub mod json;
pub mod measurement;
pub mod messages;
pub mod modes;
pub mod opening;
pub mod pacing;
pub mod pages;
pub mod payload;
pub mod poller;
pub mod proc;
pub mod random;
pub mod receiver;
pub mod sampler;
pub mod serve;
pub mod stream;
pub mod tls;
