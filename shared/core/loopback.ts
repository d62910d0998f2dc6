/** Whether a URL leads to this machine: `localhost`, 127.0.0.0/8 or `::1`. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
