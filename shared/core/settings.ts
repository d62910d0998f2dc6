import * as v from "valibot";
import { errorKind, type Problem } from "./errors.ts";
import { isLoopback } from "./loopback.ts";
import { DEFAULT_CHATS_SCHEDULE, DEFAULT_RECONCILE_SCHEDULE } from "./schedules.ts";
import { DEFAULT_WAKE_QUEUE, findWakeQueue, hasTables, locateStorage } from "./storage-location.ts";

/** The Basic credentials of a webhook. */
export type Credentials = { username: string; password: string };

/** Settings are missing or wrong. The message lists each of them with its rule, in one line. */
export class SettingsError extends errorKind("settings", 503, "The app is not set up") {}

const setting = v.pipe(
  v.string("is missing"),
  v.trim(),
  v.nonEmpty("is missing"),
  // When Azure cannot read the secret, the value stays the Key Vault reference.
  v.check(
    (value) => !value.startsWith("@Microsoft.KeyVault("),
    "is a Key Vault reference that was not resolved: the app's identity needs the role Key Vault Secrets User",
  ),
);
/** The app sends credentials to these URLs, so plain http is allowed only for this machine. */
const HTTPS_RULE = "must start with https:// (http:// is for loopback addresses only)";
const url = v.pipe(
  setting,
  v.url("must be a URL"),
  v.check((url) => /^https:/i.test(url) || (/^http:/i.test(url) && isLoopback(url)), HTTPS_RULE),
);
const address = v.pipe(
  url,
  v.check((url) => !/[@?#]/.test(url), "must be an address without credentials, query or fragment"),
  v.transform((url) => url.replace(/\/+$/, "")),
);
const connectionString = v.pipe(
  setting,
  v.check((text) => {
    const plain = text.match(/http:[^;]*/gi) ?? [];
    const azure = /DefaultEndpointsProtocol=http(;|$)/i.test(text) && !/TableEndpoint=/i.test(text);
    return !azure && plain.every(isLoopback);
  }, "must lead to https:// endpoints (http:// is for loopback addresses only)"),
);
const NO_TABLES = "must be a connection string of a storage account with tables";
const countFrom = (least: 0 | 1) =>
  v.pipe(
    setting,
    v.regex(least === 0 ? /^\d{1,6}$/ : /^(?!0+$)\d{1,6}$/, `must be a whole number from ${least} to 999999`),
    v.transform(Number),
  );
const schedule = v.pipe(
  setting,
  v.regex(/^\S+( +\S+){5}$/, 'must be NCRONTAB with six fields, such as "0 */5 * * * *"'),
);
// Table Storage's own rule: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
const table = v.pipe(
  setting,
  v.regex(/^[A-Za-z][A-Za-z0-9]{2,62}$/, "must be a table name: 3 to 63 letters and digits"),
);
// https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata
const queue = v.pipe(
  setting,
  v.regex(
    /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/,
    "must be a queue name: 3 to 63 small letters, digits and single hyphens",
  ),
);
const onOrOff = v.pipe(setting, v.picklist(["on", "off"], 'must be "on" or "off"'));
const trueOrFalse = v.pipe(
  setting,
  v.picklist(["true", "false"], 'must be "true" or "false"'),
  v.transform((value) => value === "true"),
);

const APIS = ["v2", "text"] as const;
export type LiveChatApi = (typeof APIS)[number];

/** The settings that only one of LiveChat's APIs requires. */
const neededWith = (needed: boolean, otherwise = "") =>
  needed ? setting : v.optional(v.pipe(v.string(), v.trim()), otherwise);

/** The schema of each setting, by its name in the environment. */
export const environmentFor = (api: LiveChatApi) => ({
  LIVECHAT_API: v.optional(v.pipe(setting, v.picklist(APIS, 'must be "v2" or "text"')), "v2"),
  LIVECHAT_API_URL: v.optional(address, "https://api.livechatinc.com"),
  LIVECHAT_USERNAME: neededWith(api === "v2"),
  LIVECHAT_ACCOUNT_ID: neededWith(api === "text"),
  LIVECHAT_CLIENT_ID: neededWith(api === "text"),
  HELPDESK_API_URL: v.optional(address, "https://api.helpdesk.com/v1"),
  HELPDESK: v.optional(onOrOff, "on"),
  LIVECHAT_API_KEY: setting,
  LIVECHAT_RATE_LIMIT: v.optional(countFrom(1), "100"),
  // The receivers of the Text platform check only the password, so the user name is optional.
  LIVECHAT_WEBHOOK_USERNAME: neededWith(api === "v2", "livechat"),
  LIVECHAT_WEBHOOK_PASSWORD: setting,
  LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: v.optional(setting),
  WEBHOOK_BASE_URL: v.optional(address),
  LIVECHAT_LICENSE_ID: v.optional(setting),
  LiveChatStorage: v.optional(connectionString),
  LiveChatStorage__tableServiceUri: v.optional(address),
  LiveChatStorage__queueServiceUri: v.optional(address),
  LiveChatStorage__clientId: v.optional(setting),
  AzureWebJobsStorage: v.optional(connectionString),
  EVENTS_TABLE: v.optional(table, "LiveChatEvents"),
  TICKETS_TABLE: v.optional(table, "LiveChatTickets"),
  SUBSCRIPTIONS_TABLE: v.optional(table, "LiveChatSubscriptions"),
  WAKE_QUEUE: v.optional(queue, DEFAULT_WAKE_QUEUE),
  TICKETS_RECONCILE_SCHEDULE: v.optional(schedule, DEFAULT_RECONCILE_SCHEDULE),
  CHATS_RECONCILE_SCHEDULE: v.optional(schedule, DEFAULT_CHATS_SCHEDULE),
  EVENT_RETENTION_DAYS: v.optional(countFrom(1)),
  RETENTION_MARGIN_DAYS: v.optional(countFrom(0), "7"),
  DELETED_TICKET_DAYS: v.optional(countFrom(1), "30"),
  // Kept exactly as given, because the URL may contain a signature.
  OPERATOR_WEBHOOK_URL: v.optional(url),
  ALLOW_LOOPBACK_CALLBACKS: v.optional(trueOrFalse, "false"),
  // `functions/index.ts` reads this setting while the app loads.
  HTTP_STREAMING: v.optional(onOrOff, "on"),
});

/** Every setting that this app reads. A test compares `local.settings.sample.json` and `docs/settings.md` with it. */
export const SETTING_NAMES = Object.keys(environmentFor("v2")) as (keyof ReturnType<typeof environmentFor>)[];

/** The names of all settings, and whether the environment has each. Values may be secret, so they are left out. */
export function settingsSet(
  environment: Record<string, string | undefined>,
): { name: string; set: boolean }[] {
  return SETTING_NAMES.map((name) => ({ name, set: Boolean(environment[name]?.trim()) }));
}

/** The connection to LiveChat: to the REST API v2, or to the APIs of the Text platform. */
export type LiveChatConnection = ReturnType<typeof connectionOf>;

function connectionOf(env: v.InferOutput<v.ObjectSchema<ReturnType<typeof environmentFor>, undefined>>) {
  const { LIVECHAT_API: api, LIVECHAT_API_URL: url, LIVECHAT_API_KEY: apiKey } = env;
  const connection = { url, apiKey, rateLimit: env.LIVECHAT_RATE_LIMIT };
  if (api === "v2") return { api, ...connection, username: env.LIVECHAT_USERNAME };
  return {
    api,
    ...connection,
    accountId: env.LIVECHAT_ACCOUNT_ID,
    clientId: env.LIVECHAT_CLIENT_ID,
    /** Base URL of HelpDesk, where tickets are; absent for an account without it. */
    helpDeskUrl: env.HELPDESK === "on" ? env.HELPDESK_API_URL : undefined,
  };
}

export type Settings = Readonly<ReturnType<typeof readSettings>>;

/**
 * Reads the settings from environment variables. An empty variable counts as not set, because settings files and
 * templates list unused settings with an empty value.
 *
 * @throws {SettingsError} listing all missing and wrong settings in one line, without their values
 */
export function readSettings(environment: Record<string, string | undefined>) {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const api = given.LIVECHAT_API?.trim() === "text" ? "text" : "v2";
  const result = v.safeParse(v.object(environmentFor(api)), given, { abortPipeEarly: true });
  const found = locateStorage(result.success ? result.output : given, "table");
  const storage = found?.location;
  const all = [
    ...(result.issues ?? []).map((issue) => {
      const path = v.getDotPath(issue) ?? "";
      return { path, message: issue.received === "undefined" ? "is missing" : issue.message };
    }),
    ...(storage ? [] : [{ path: "LiveChatStorage", message: "is missing" }]),
    ...(found && !hasTables(found.location) ? [{ path: found.connection, message: NO_TABLES }] : []),
    ...publishedPasswords(given),
  ];
  if (!result.success || !storage || all.length > 0) {
    throw new SettingsError(
      `Settings: ${all.map(({ path, message }) => `${path} ${message}`).join("; ")}. See local.settings.sample.json.`,
      { problems: all },
    );
  }
  const env = result.output;
  const { LIVECHAT_WEBHOOK_USERNAME: username, LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: previous } = env;
  return {
    liveChat: connectionOf(env),
    webhook: {
      /**
       * The credentials that receivers accept. The URLs that the app registers at LiveChat contain the first pair.
       */
      credentials: [
        { username, password: env.LIVECHAT_WEBHOOK_PASSWORD },
        ...(previous === undefined ? [] : [{ username, password: previous }]),
      ] satisfies [current: Credentials, ...previous: Credentials[]],
      /** The address where LiveChat reaches this app, without `/api`. If it is not set, no webhooks are registered. */
      baseUrl: env.WEBHOOK_BASE_URL,
      licenseId: env.LIVECHAT_LICENSE_ID,
    },
    storage,
    tables: { events: env.EVENTS_TABLE, tickets: env.TICKETS_TABLE, subscriptions: env.SUBSCRIPTIONS_TABLE },
    /** Missing when the settings name tables but no queue: deliveries then wait for the timer. */
    wakeQueue: findWakeQueue(env),
    /** NCRONTAB, six fields. */
    ticketsReconcileSchedule: env.TICKETS_RECONCILE_SCHEDULE,
    /** NCRONTAB, six fields; used with the Text platform only. */
    chatsReconcileSchedule: env.CHATS_RECONCILE_SCHEDULE,
    /** Days to keep events; without it they are kept for ever. */
    eventRetentionDays: env.EVENT_RETENTION_DAYS,
    /** More days to keep events for a subscription that is behind. */
    retentionMarginDays: env.RETENTION_MARGIN_DAYS,
    /** Days to keep the content of a ticket that LiveChat no longer has. */
    deletedTicketDays: env.DELETED_TICKET_DAYS,
    /** URL that the app calls when a check changes its state. */
    operatorWebhookUrl: env.OPERATOR_WEBHOOK_URL,
    allowLoopbackCallbacks: env.ALLOW_LOOPBACK_CALLBACKS,
  };
}

/** Passwords of the sandbox. They are public: with a real account, everyone could send deliveries. */
const PUBLISHED_PASSWORDS = ["local-webhook-password", "local-webhook-password-before"];

/** True if an API key belongs to a sandbox of this project. */
export const isSandboxKey = (key = "") => /(^|:)sandbox-api-key$/.test(key.trim());

function publishedPasswords(given: Record<string, string | undefined>): Problem[] {
  if (isSandboxKey(given.LIVECHAT_API_KEY)) return [];
  return (["LIVECHAT_WEBHOOK_PASSWORD", "LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS"] as const)
    .filter((name) => PUBLISHED_PASSWORDS.includes(given[name]?.trim() ?? ""))
    .map((path) => ({ path, message: "is the sandbox's password, which is public: choose another" }));
}
