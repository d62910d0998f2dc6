/** An error that the user can fix. Its message is one line: the cause and the remedy. */
export class StartError extends Error {
  override readonly name = "StartError";
}
