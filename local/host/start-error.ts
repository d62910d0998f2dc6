/** Something that whoever starts the host can put right. The message is one line: what is wrong and what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}
