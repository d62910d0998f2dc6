const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** True for a URL of this machine: `localhost`, 127.0.0.0/8 or `::1`. False for text that is not a URL. */
export function isLoopback(url: string): boolean {
  return LOOPBACK.test(URL.parse(url)?.hostname ?? "");
}
