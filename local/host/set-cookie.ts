import type { CookieData } from "./core-types.ts";

/** A `Set-Cookie` header's value, with the attributes in the order and the spelling of ASP.NET Core. */
export function setCookie({
  name,
  value,
  expires,
  maxAge,
  domain,
  path,
  secure,
  sameSite,
  httpOnly,
}: CookieData): string {
  const parts = [`${name}=${encodeURIComponent(value)}`];
  if (expires) parts.push(`expires=${new Date(expires.value.seconds * 1000).toUTCString()}`);
  if (maxAge) parts.push(`max-age=${Math.trunc(maxAge.value)}`);
  if (domain) parts.push(`domain=${domain.value}`);
  parts.push(`path=${path?.value ?? "/"}`);
  if (secure?.value) parts.push("secure");
  if (sameSite === "lax" || sameSite === "strict") parts.push(`samesite=${sameSite}`);
  if (sameSite === "explicitNone") parts.push("samesite=none");
  if (httpOnly?.value) parts.push("httponly");
  return parts.join("; ");
}
