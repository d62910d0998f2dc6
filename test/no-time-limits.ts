import { vi } from "vitest";

/**
 * Turns off the time limits by `AbortSignal.timeout` in a test file's process, for tests of what happens within a limit:
 * a busy machine can stand still for longer.
 */
vi.spyOn(AbortSignal, "timeout").mockImplementation(() => new AbortController().signal);
