import { StartError } from "./start-error.ts";

/**
 * Replaces every `%NAME%` in a trigger's option by that setting, as the real host does for schedules and queue names.
 *
 * @throws StartError when a setting is missing
 */
export function resolveAppSettings(text: string, functionName: string, env = process.env): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = env[name];
    if (value) return value;
    throw new StartError(`Function ${functionName}: the setting ${name} (in "${text}") is not set`);
  });
}

/**
 * The value of the setting that a trigger's `connection` option names.
 *
 * @throws StartError when it is missing; this host supports connection strings only, no managed identity
 */
export function connectionString(name: string, functionName: string, env = process.env): string {
  const value = env[`AzureWebJobs${name}`] ?? env[name];
  if (value) return value;
  throw new StartError(
    `Function ${functionName}: the setting ${name} (a storage connection string) is not set`,
  );
}

/**
 * Whether the setting `AzureWebJobs.<function>.Disabled` stops a function's schedule, as on the real host. The admin route
 * still starts the function.
 */
export function isDisabled(functionName: string, env = process.env): boolean {
  return /^(1|true)$/i.test(env[`AzureWebJobs.${functionName}.Disabled`] ?? "");
}
