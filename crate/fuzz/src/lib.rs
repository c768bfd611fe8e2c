//! What the fuzz targets share: how they read their input, and the oracles.
//!
//! A target asserts; libFuzzer looks for an input on which it fails. The engine is one half of each comparison, a reading
//! of RFC 6455 or of the standard library that is too simple to be wrong in the same way the other.

pub mod header;
pub mod input;
pub mod stream;

#[path = "../../tests/support/mod.rs"]
#[allow(missing_docs, clippy::pedantic)]
pub mod support;

#[path = "../../tests/support/compression.rs"]
#[allow(missing_docs, clippy::pedantic)]
pub mod compression;
