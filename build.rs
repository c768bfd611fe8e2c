//! Says where there is a native transport (`cfg(native_transport)`), and tells the linker what a Node.js addon needs.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(native_transport)");
    // As Cargo.toml has it for what the transport needs.
    let is_wide = var("CARGO_CFG_TARGET_POINTER_WIDTH").is_ok_and(|bits| bits == "64");
    let has_reactor = match var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => true,
        // The set of sockets keeps 64 bits in a pointer's place there.
        Ok("macos" | "freebsd") => is_wide,
        _ => false,
    };
    if has_reactor {
        println!("cargo:rustc-cfg=native_transport");
    }
    #[cfg(feature = "napi")]
    napi_build::setup();
}
