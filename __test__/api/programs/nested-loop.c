/*
 * An addon that runs Node's event loop from within a call, as the package deasync does: `module.exports()` has it do once what
 * there is to do. Declares what it takes of Node-API and libuv, so that no headers are needed.
 */
#include <stddef.h>

typedef void *env_t;
typedef void *value_t;
typedef value_t (*callback_t)(env_t env, void *info);

int napi_get_uv_event_loop(env_t env, void **loop);
int napi_create_function(env_t env, const char *name, size_t length,
                         callback_t callback, void *data, value_t *result);
int uv_run(void *loop, int mode);

enum { UV_RUN_NOWAIT = 2 };

static value_t run(env_t env, void *info) {
  void *loop = NULL;
  (void)info;
  if (napi_get_uv_event_loop(env, &loop) == 0) uv_run(loop, UV_RUN_NOWAIT);
  return NULL;
}

value_t napi_register_module_v1(env_t env, value_t exports) {
  value_t function = exports;
  napi_create_function(env, "run", 3, run, NULL, &function);
  return function;
}
