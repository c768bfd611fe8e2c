//! The binding to Node.js: it converts, calls and returns. `lib/engine/native/binding.ts` has its types.
//!
//! State is per environment (a worker thread has its own), never static.

mod deflate;
mod engine;
mod raw;
#[cfg(native_transport)]
mod reactor;
mod records;
mod slots;
mod text;
mod transcode;
mod utilities;

use std::ffi::CStr;
use std::ptr;

use napi::bindgen_prelude::{Env, Error, JsObjectValue, JsValue, Object, Result};
use napi::sys;

use engine::FrameEngine;

const FUNCTIONS: &[(&CStr, sys::napi_callback)] = &[
    (c"createDecoder", Some(engine::create_decoder)),
    (c"destroyDecoder", Some(engine::destroy_decoder)),
    (c"decoderCount", Some(engine::decoder_count)),
    (c"registerRecords", Some(engine::register_records)),
    (c"feed", Some(engine::feed)),
    (c"payloadLeft", Some(engine::payload_left)),
    (c"takeText", Some(engine::take_text)),
    (c"takeBytes", Some(engine::take_bytes)),
    (c"textSlice", Some(engine::text_slice)),
    (c"measureText", Some(engine::measure_text)),
    (c"writeText", Some(engine::write_text)),
    (c"inflaterBytes", Some(deflate::inflater_bytes)),
    (c"deflaterBytes", Some(deflate::deflater_bytes)),
    (c"createDeflater", Some(deflate::create_deflater)),
    (c"deflate", Some(deflate::deflate)),
    (c"releaseDeflater", Some(deflate::release_deflater)),
    (c"destroyDeflater", Some(deflate::destroy_deflater)),
    (c"deflaterCount", Some(deflate::deflater_count)),
    (c"mask", Some(utilities::mask)),
    (c"unmask", Some(utilities::unmask)),
    (c"isValidUTF8", Some(utilities::is_valid_utf8)),
];

/// Fills the exports of the module, once in each environment that loads it.
#[napi_derive::napi(module_exports)]
pub fn exports(mut exports: Object, env: Env) -> Result<()> {
    exports.set_named_property("version", env!("CARGO_PKG_VERSION"))?;
    exports.set_named_property("hasFastText", cfg!(feature = "simdutf"))?;
    let engine: *mut FrameEngine = Box::into_raw(Box::new(FrameEngine::new()));
    // SAFETY: the engine was leaked for the environment and is dropped by its cleanup only.
    let status =
        unsafe { sys::napi_add_env_cleanup_hook(env.raw(), Some(engine::cleanup), engine.cast()) };
    check(status)?;
    #[cfg(native_transport)]
    let functions = FUNCTIONS.iter().chain(reactor::FUNCTIONS);
    #[cfg(not(native_transport))]
    let functions = FUNCTIONS.iter();
    for (name, callback) in functions {
        let mut function = ptr::null_mut();
        // SAFETY: the name has the length that is given; the engine outlives every call.
        let status = unsafe {
            sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                name.count_bytes() as isize,
                *callback,
                engine.cast(),
                &raw mut function,
            )
        };
        check(status)?;
        // SAFETY: both values belong to this environment and are alive.
        let status = unsafe {
            sys::napi_set_named_property(env.raw(), exports.raw(), name.as_ptr(), function)
        };
        check(status)?;
    }
    Ok(())
}

fn check(status: sys::napi_status) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Error::from_reason("Node.js could not set up the module"))
    }
}
