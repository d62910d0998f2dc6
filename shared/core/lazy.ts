export type Freshness = {
  /** Milliseconds that a value is good for, from when it was asked for; for ever by default. */
  freshFor?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

/**
 * Makes a value when it is first asked for, and keeps it. All who ask while a promise is pending share it: the arguments
 * are those of the call that makes it. A failure, thrown or rejected, is not kept: the next call tries again.
 */
export function lazy<Value, Args extends unknown[] = []>(
  make: (...args: Args) => Value,
  { freshFor = Number.POSITIVE_INFINITY, now = Date.now }: Freshness = {},
): (...args: Args) => Value {
  let made: { value: Value; at: number } | undefined;
  return (...args) => {
    const at = now();
    if (made && at - made.at < freshFor) return made.value;
    const one = { value: make(...args), at };
    made = one;
    if (one.value instanceof Promise) {
      one.value.catch(() => {
        if (made === one) made = undefined;
      });
    }
    return one.value;
  };
}

/** An object each of whose properties is made by the first read of it: see {@link lazy}. */
export function lazily<Properties extends object>(
  makers: {
    [Name in keyof Properties]: () => Properties[Name];
  },
): Readonly<Properties> {
  const object = {};
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(object, name, { get: lazy(make as () => unknown), enumerable: true });
  }
  return object as Readonly<Properties>;
}
