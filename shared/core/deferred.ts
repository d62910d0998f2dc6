import { lazy } from "./lazy.ts";

// biome-ignore lint/suspicious/noExplicitAny: any method at all
type Method = (...args: any[]) => unknown;

/** The same methods, each of which returns a promise. */
export type Deferred<T> = {
  [Name in keyof T]: T[Name] extends Method
    ? (...args: Parameters<T[Name]>) => Promise<Awaited<ReturnType<T[Name]>>>
    : never;
};

/**
 * A stand-in for an object whose code is loaded by the first call of a method. So a cold start does not load code
 * that the first request does not need. When loading fails, the next call tries again.
 */
export function deferred<T extends object>(load: () => Promise<T>): Deferred<T> {
  const loaded = lazy(load);
  const get = (_: object, name: string | symbol) => {
    return async (...args: unknown[]) => {
      const target = await loaded();
      return Reflect.apply(Reflect.get(target, name) as Method, target, args);
    };
  };
  return new Proxy({}, { get }) as Deferred<T>;
}
