/**
 * Under npm, calls `end` when the parent process has ended. npm runs a script in a shell and passes SIGTERM to this shell
 * only. A program that was started without npm may outlive its parent, as with `nohup`.
 */
export function onParentEnd(end: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end(), 500).unref();
}
