/** True for an object with named members: neither `null` nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value itself if it is an object, otherwise an empty object. */
export const objectOf = (value: unknown) => (isObject(value) ? value : {});

/** The value itself if it is a list, otherwise an empty list. */
export const itemsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
