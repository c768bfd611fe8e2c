//! Tells the linker what a Node.js addon needs; a plain Rust build needs nothing.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "napi")]
    napi_build::setup();
}
