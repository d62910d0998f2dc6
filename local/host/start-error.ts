/** An error that the user who starts the host can fix. The message is one line: what is wrong and what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}
