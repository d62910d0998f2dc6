import { readFileSync } from "node:fs";
import { TableClient } from "@azure/data-tables";
import { expect, test } from "vitest";
import { readSettings, SETTING_NAMES, SettingsError } from "../../shared/core/settings.ts";

const sample = JSON.parse(readFileSync("local.settings.sample.json", "utf8")).Values as Record<
  string,
  string
>;
const required = {
  LIVECHAT_USERNAME: "owner@example.com",
  LIVECHAT_API_KEY: "dal:key",
  LIVECHAT_WEBHOOK_USERNAME: "livechat",
  LIVECHAT_WEBHOOK_PASSWORD: "secret",
  AzureWebJobsStorage: "UseDevelopmentStorage=true",
};
const { LIVECHAT_USERNAME: _, LIVECHAT_WEBHOOK_USERNAME: __, ...text } = required;
const ids = { LIVECHAT_API: "text", LIVECHAT_ACCOUNT_ID: "an account", LIVECHAT_CLIENT_ID: "an app" };

test("the sample settings have every setting", () => {
  expect(Object.keys(sample)).toEqual(expect.arrayContaining([...SETTING_NAMES]));
  expect(Object.keys(sample).filter((name) => !(SETTING_NAMES as string[]).includes(name))).toEqual([
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
  ]);
});

test("the sample settings are valid with address, key and password", () => {
  const { LIVECHAT_USERNAME, LIVECHAT_API_KEY, LIVECHAT_WEBHOOK_PASSWORD } = required;
  const filled = { ...sample, LIVECHAT_USERNAME, LIVECHAT_API_KEY, LIVECHAT_WEBHOOK_PASSWORD };
  const settings = readSettings(filled);
  expect(settings.liveChat.url).toBe("https://api.livechatinc.com");
  expect(settings.webhook).toMatchObject({ baseUrl: undefined, licenseId: undefined });
  expect(settings.eventRetentionDays).toBeUndefined();
  expect(settings.allowLoopbackCallbacks).toBe(false);
});

test.each(["LIVECHAT_WEBHOOK_PASSWORD", "LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS"])(
  "%s with a password of the sandbox is refused for a real account",
  (name) => {
    const published = { ...required, [name]: "local-webhook-password" };
    expect(() => readSettings(published)).toThrow(`${name} is the sandbox's password, which is public`);
    for (const LIVECHAT_API_KEY of ["sandbox-api-key", "dal:sandbox-api-key"]) {
      expect(() => readSettings({ ...published, LIVECHAT_API_KEY })).not.toThrow();
    }
  },
);

test("optional settings have the documented defaults", () => {
  expect(readSettings(required)).toEqual({
    liveChat: {
      api: "v2",
      url: "https://api.livechatinc.com",
      username: "owner@example.com",
      apiKey: "dal:key",
      rateLimit: 100,
    },
    webhook: {
      credentials: [{ username: "livechat", password: "secret" }],
      baseUrl: undefined,
      licenseId: undefined,
    },
    storage: { connectionString: "UseDevelopmentStorage=true" },
    tables: { events: "LiveChatEvents", tickets: "LiveChatTickets", subscriptions: "LiveChatSubscriptions" },
    wakeQueue: {
      name: "livechat-wake",
      connection: "AzureWebJobsStorage",
      location: { connectionString: "UseDevelopmentStorage=true" },
    },
    ticketsReconcileSchedule: "0 */5 * * * *",
    chatsReconcileSchedule: "0 */15 * * * *",
    eventRetentionDays: undefined,
    retentionMarginDays: 7,
    deletedTicketDays: 30,
    allowLoopbackCallbacks: false,
  });
});

test("LIVECHAT_API=text requires account id and client id instead of a user name", () => {
  const missing = catchError(() => readSettings({ ...text, LIVECHAT_API: "text" })).message;
  expect(missing).toContain("LIVECHAT_ACCOUNT_ID is missing; LIVECHAT_CLIENT_ID is missing");
  expect(missing).not.toContain("USERNAME");
  expect(catchError(() => readSettings({ ...text, LIVECHAT_API: " text " })).message).toBe(missing);
  expect(readSettings({ ...text, ...ids }).liveChat).toEqual({
    api: "text",
    url: "https://api.livechatinc.com",
    accountId: "an account",
    clientId: "an app",
    apiKey: "dal:key",
    rateLimit: 100,
    helpDeskUrl: "https://api.helpdesk.com/v1",
  });
});

test("HELPDESK=off leaves the settings without HelpDesk's URL", () => {
  expect(readSettings({ ...text, ...ids, HELPDESK: "off" }).liveChat).toMatchObject({
    helpDeskUrl: undefined,
  });
});

test("LIVECHAT_API is v2 or text", () => {
  expect(() => readSettings({ ...required, LIVECHAT_API: "v3" })).toThrow(
    'LIVECHAT_API must be "v2" or "text"',
  );
});

test("storage is LiveChatStorage, else the identity's endpoint, else the host's", () => {
  const endpoint = { LiveChatStorage__tableServiceUri: "https://acme.table.core.windows.net/" };
  expect(readSettings({ ...required, ...endpoint, LiveChatStorage__clientId: "id" }).storage).toEqual({
    uri: "https://acme.table.core.windows.net",
    clientId: "id",
  });
  const own =
    "DefaultEndpointsProtocol=https;AccountName=own;AccountKey=a2V5;EndpointSuffix=core.windows.net";
  expect(readSettings({ ...required, ...endpoint, LiveChatStorage: own }).storage).toEqual({
    connectionString: own,
  });
});

test("the wake queue is in the storage account of the tables", () => {
  const endpoints = {
    LiveChatStorage__tableServiceUri: "https://acme.table.core.windows.net",
    LiveChatStorage__queueServiceUri: "https://acme.queue.core.windows.net/",
    LiveChatStorage__clientId: "id",
  };
  expect(readSettings({ ...required, ...endpoints, AzureWebJobsStorage: "" }).wakeQueue).toEqual({
    name: "livechat-wake",
    connection: "LiveChatStorage",
    location: { uri: "https://acme.queue.core.windows.net", clientId: "id" },
  });
  const account =
    "DefaultEndpointsProtocol=https;AccountName=own;AccountKey=a2V5;EndpointSuffix=core.windows.net";
  const own = { ...required, ...endpoints, LiveChatStorage: account, WAKE_QUEUE: "mine" };
  expect(readSettings(own).wakeQueue).toEqual({
    name: "mine",
    connection: "LiveChatStorage",
    location: { connectionString: account },
  });
  const tablesOnly = {
    ...required,
    LiveChatStorage__tableServiceUri: "https://acme.table.core.windows.net",
    AzureWebJobsStorage: "",
  };
  expect(readSettings(tablesOnly).wakeQueue).toBeUndefined();
  expect(() => readSettings({ ...required, WAKE_QUEUE: "Not_A_Queue" })).toThrow("WAKE_QUEUE must be");
});

test("the current password's credentials come before those of the previous one", () => {
  const changing = { ...required, LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: "old secret" };
  expect(readSettings(changing).webhook.credentials).toEqual([
    { username: "livechat", password: "secret" },
    { username: "livechat", password: "old secret" },
  ]);
});

test.each([
  ["https://app.example", true],
  ["https://app.example/behind/a/gateway/", true],
  ["http://127.0.0.1:7071", true],
  ["http://localhost", true],
  ["http://app.example", false],
  ["http://127.0.0.1.app.example", false],
  ["https://user:hunter2@app.example", false],
  ["https://app.example/?code=hunter2", false],
  ["app.example", false],
])("WEBHOOK_BASE_URL %s is valid: %s", (url, fine) => {
  const read = () => readSettings({ ...required, WEBHOOK_BASE_URL: url }).webhook.baseUrl;
  if (fine) expect(read()).toBe(url.replace(/\/$/, ""));
  else {
    const { message } = catchError(read);
    expect(message).toContain("WEBHOOK_BASE_URL must");
    expect(message).not.toContain("hunter2");
  }
});

test.each([
  ["LIVECHAT_API_URL", "http://api.livechat.example"],
  ["LIVECHAT_API_URL", "http://localhost:x@api.livechat.example"],
  ["LiveChatStorage__tableServiceUri", "http://acme.table.core.windows.net"],
  ["LiveChatStorage__queueServiceUri", "http://127.0.0.1.example"],
  ["LiveChatStorage", "AccountName=a;AccountKey=a2V5;TableEndpoint=http://acme.table.example"],
  [
    "LiveChatStorage",
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net",
  ],
  ["AzureWebJobsStorage", "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://proxy.example"],
])("plain http to another machine is refused: %s=%s", (name, value) =>
  expect(() => readSettings({ ...required, [name]: value })).toThrow(`${name} must`),
);

test.each([
  ["LIVECHAT_API_URL", "http://127.0.0.1:7072"],
  ["LiveChatStorage__tableServiceUri", "http://[::1]:10002/devstoreaccount1"],
  [
    "LiveChatStorage",
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint=http://localhost:10002/a",
  ],
])("plain http to this machine is accepted: %s=%s", (name, value) =>
  expect(() => readSettings({ ...required, [name]: value })).not.toThrow(),
);

const ACCOUNT = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5";

test.each([
  "UseDevelopmentStorage=true",
  `${ACCOUNT};EndpointSuffix=core.windows.net`,
  `${ACCOUNT.toLowerCase()}; TableEndpoint=https://a.table.example/;`,
  "TableEndpoint=https://a.table.example;SharedAccessSignature=sv=2024&sig=a%3D",
])("a connection string of a storage account is accepted: %s", (LiveChatStorage) => {
  expect(() => readSettings({ ...required, LiveChatStorage })).not.toThrow();
  expect(() => TableClient.fromConnectionString(LiveChatStorage, "LiveChatEvents")).not.toThrow();
});

test.each([
  "garbage",
  "https://a.table.core.windows.net",
  "DefaultEndpointsProtocol=https;AccountName=;AccountKey=a2V5;EndpointSuffix=core.windows.net",
  ACCOUNT,
  "AccountName=a;AccountKey=a2V5;TableEndpoint=https://a.table.example",
  "BlobEndpoint=https://a.blob.example;SharedAccessSignature=sv=2024&sig=a%3D",
])("a connection string that opens no tables is refused: %s", (value) => {
  expect(() => TableClient.fromConnectionString(value, "LiveChatEvents")).toThrow();
  const message = "must be a connection string of a storage account with tables";
  expect(() => readSettings({ ...required, LiveChatStorage: value })).toThrow(`LiveChatStorage ${message}`);
  expect(() => readSettings({ ...required, AzureWebJobsStorage: value })).toThrow(
    `AzureWebJobsStorage ${message}`,
  );
});

test("a connection string of the host alone may have no tables", () => {
  const AzureWebJobsStorage = "BlobEndpoint=https://a.blob.example;SharedAccessSignature=sv=2024&sig=a%3D";
  const LiveChatStorage = "UseDevelopmentStorage=true";
  expect(() => readSettings({ ...required, AzureWebJobsStorage, LiveChatStorage })).not.toThrow();
});

test.each(["LIVECHAT_API_URL", "HELPDESK_API_URL", "LiveChatStorage__tableServiceUri", "WEBHOOK_BASE_URL"])(
  "%s with credentials, query or fragment is refused",
  (name) => {
    for (const value of ["https://u:hunter2@a.example", "https://a.example?x=1", "https://a.example/#x"]) {
      const { message } = catchError(() => readSettings({ ...required, [name]: value }));
      expect(message).toContain(`${name} must be an address without credentials, query or fragment`);
      expect(message).not.toContain("hunter2");
    }
  },
);

test.each([
  ["LIVECHAT_RATE_LIMIT", 1],
  ["EVENT_RETENTION_DAYS", 1],
  ["RETENTION_MARGIN_DAYS", 0],
  ["DELETED_TICKET_DAYS", 1],
])("%s has the range in its error", (name, least) => {
  for (const value of ["-1", "1000000", "1.5", `${least - 1}`, "off"]) {
    expect(() => readSettings({ ...required, [name]: value })).toThrow(
      `${name} must be a whole number from ${least} to 999999`,
    );
  }
  for (const value of [`${least}`, " 999999 "]) {
    expect(() => readSettings({ ...required, [name]: value })).not.toThrow();
  }
});

test("a wrong setting has one problem", () => {
  const { problems } = catchError(() =>
    readSettings({ ...required, LIVECHAT_API_URL: "foo" }),
  ) as SettingsError;
  expect(problems).toEqual([{ path: "LIVECHAT_API_URL", message: "must be a URL" }]);
});

test("a SettingsError names missing and wrong settings in one line, without values", () => {
  const broken = {
    ...required,
    LIVECHAT_API_KEY: " ",
    LIVECHAT_API_URL: "hunter2",
    LIVECHAT_RATE_LIMIT: "many",
    AzureWebJobsStorage: "",
  };
  const error = catchError(() => readSettings(broken));
  expect(error).toBeInstanceOf(SettingsError);
  expect(error.message).toContain("LIVECHAT_API_KEY is missing");
  expect(error.message).toContain("LIVECHAT_API_URL must be a URL");
  expect(error.message).toContain("LIVECHAT_RATE_LIMIT must be a whole number");
  expect(error.message).toContain("LiveChatStorage is missing");
  expect(error.message).not.toMatch(/\n|hunter2|many/);
});

function catchError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

test("a connection string for tables only gives settings without a queue", () => {
  const account = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5";
  const tables = `${account};TableEndpoint=https://acme.table.example`;
  expect(readSettings({ ...required, LiveChatStorage: tables }).wakeQueue).toBeUndefined();
  for (const both of [
    `${tables};QueueEndpoint=https://acme.queue.example`,
    `${account};EndpointSuffix=core.windows.net`,
  ]) {
    expect(readSettings({ ...required, LiveChatStorage: both }).wakeQueue).toMatchObject({
      connection: "LiveChatStorage",
      location: { connectionString: both },
    });
  }
});
