type Freshness = {
  /** Milliseconds for which a value is kept after its call; without a limit by default. */
  freshFor?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

/**
 * Makes a value at the first call, and keeps it. All callers share a pending promise; only the arguments of the call
 * that makes the value are used. A failure, thrown or rejected, is not kept: the next call tries again.
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

/** An object whose properties are each made when they are first read: see {@link lazy}. */
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
