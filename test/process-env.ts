/** The environment of the processes that tests start: they share the compiled code of the workers. */
export const PROCESS_ENV = { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };
