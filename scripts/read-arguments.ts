import { type ParseArgsConfig, parseArgs } from "node:util";

/**
 * Reads the options and the only argument of a command. For a wrong command line it prints the reason and the usage, and
 * ends the process.
 *
 * @param label the name of the argument in messages; absent when the command has no argument
 */
export function readArguments<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  options: Options,
  usage: string,
  label?: string,
) {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: label !== undefined, options });
    const [argument = ""] = positionals;
    if (label === undefined || (argument !== "" && positionals.length === 1)) return { values, argument };
  } catch (error) {
    refuse((error as Error).message, usage);
  }
  return refuse(`One ${label} is required.`, usage);
}

/** Prints a reason and the usage, and ends the process. */
export function refuse(reason: string, usage: string): never {
  console.error(`${reason}\n\n${usage}`);
  process.exit(2);
}
