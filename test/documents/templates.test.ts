import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { operations } from "../../functions/operations.ts";
import { BODY_LIMIT } from "../../local/host/http-function.ts";
import { readSettings, SETTING_NAMES } from "../../shared/core/settings.ts";
import { REFUSAL_REASONS } from "../../shared/health/refusals.ts";
import { MAX_JSON_BYTES } from "../../shared/http/operation.ts";
import { RunReport } from "../../shared/schemas/reconcile.ts";
import { keysOf, readTemplates, type Template } from "./bicep.ts";

const templates = readTemplates();
const [main] = templates;
const file = (name: string): Template => {
  const found = templates.find(({ path }) => path === name);
  if (!found) throw new Error(`${name} does not exist`);
  return found;
};

/** The settings of an app with only the required ones. */
const defaults = readSettings({
  LIVECHAT_USERNAME: "owner@example.com",
  LIVECHAT_API_KEY: "key",
  LIVECHAT_WEBHOOK_USERNAME: "livechat",
  LIVECHAT_WEBHOOK_PASSWORD: "password",
  LiveChatStorage: "UseDevelopmentStorage=true",
});

describe.for(templates)("$path", (template) => {
  test(`every parameter of ${template.path} has a description and is used`, ({ expect }) => {
    for (const { name, decorators } of template.params) {
      expect(decorators, name).toMatch(/^@description\('.{10,}'\)$/m);
      expect(template.text.match(new RegExp(`\\b${name}\\b`, "g")), name).not.toHaveLength(1);
    }
  });

  test(`every secret parameter of ${template.path} is secure`, ({ expect }) => {
    const secrets = template.params.filter(({ name }) => /apikey|password|secret|token$/i.test(name));
    for (const { name, decorators } of secrets) expect(decorators, name).toMatch(/^@secure\(\)$/m);
  });

  test(`${template.path} has no shared key or connection string of a storage account`, ({ expect }) => {
    expect(template.text).not.toMatch(
      /listKeys|listAccountSas|AccountKey|SharedAccessSignature|listSecrets/i,
    );
  });

  test(`every resource of ${template.path} has a released API version`, ({ expect }) => {
    // Diagnostic settings have had only preview versions since 2016.
    const released = template.resources.filter(
      ({ type }) => type !== "Microsoft.Insights/diagnosticSettings",
    );
    for (const { type, version } of released) expect(version, type).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });
});

test("main.bicep passes exactly the parameters and reads only outputs of each module", () => {
  expect(main?.modules.map(({ path }) => path).toSorted()).toEqual(
    templates
      .map(({ path }) => path)
      .filter((path) => path !== "infra/main.bicep")
      .toSorted(),
  );
  for (const { path, params } of main?.modules ?? []) {
    expect(params, path).toEqual(file(path).params.map(({ name }) => name));
  }
  for (const [, name, output = ""] of main?.text.matchAll(/\b(\w+)\.outputs\.(\w+)/g) ?? []) {
    const module = main?.modules.find((one) => one.name === name);
    expect(file(module?.path ?? "").outputs, `${name}.outputs`).toContain(output);
  }
});

test("the parameters of main.bicep match the variables of the azd environment", () => {
  const { parameters } = JSON.parse(readFileSync("infra/main.parameters.json", "utf8"));
  expect(Object.keys(parameters).toSorted()).toEqual(main?.params.map(({ name }) => name).toSorted());
  const variables = Object.values(parameters).map((one) => (one as { value: string }).value);
  for (const value of variables) expect(value).toMatch(/^\$\{[A-Z_]+\}$/);
  expect(new Set(variables).size).toBe(variables.length);
});

test("docs/deploying.md lists every parameter of main.bicep with its default", () => {
  const { parameters } = JSON.parse(readFileSync("infra/main.parameters.json", "utf8"));
  const defaults = new Map(
    Object.entries<{ value: string }>(parameters).map(([name, { value }]) => {
      return [value.slice(2, -1), main?.params.find((param) => param.name === name)?.initial];
    }),
  );
  const table = readFileSync("docs/deploying.md", "utf8").split("## Parameters")[1]?.split("\n## ")[0] ?? "";
  const rows = [...table.matchAll(/^\| (`.+?`) \| .+ \| (.+) \|$/gm)];
  const names = rows.flatMap(([, cell = ""]) => cell.match(/\w+/g) ?? []);
  const asked = [...defaults.keys()].filter((name) => !name.startsWith("AZURE_"));
  expect(names.toSorted()).toEqual(asked.toSorted());
  for (const [, cell = "", shown = ""] of rows) {
    const [name = ""] = cell.match(/\w+/) ?? [];
    // Other defaults are described in words.
    const [, value] = /^`(.+)`/.exec(shown) ?? [];
    if (value !== undefined) expect(defaults.get(name), name).toBe(value);
  }
});

test("main.bicep requires only the LiveChat account from an operator", () => {
  const asked = main?.params.filter(
    ({ name, required, decorators }) =>
      required && !decorators.includes("type: 'generate'") && !["environmentName", "location"].includes(name),
  );
  expect(asked?.map(({ name }) => name)).toEqual(["liveChatUsername", "liveChatApiKey"]);
});

describe("the app's settings", () => {
  const app = file("infra/modules/app.bicep").text;
  const names = [
    ...keysOf(/name: 'appsettings'[\s\S]*?\n {2}\}\n/.exec(app)?.[0] ?? "", 6),
    ...[...file("infra/modules/vault.bicep").text.matchAll(/^ +(LIVECHAT_\w+): '@Microsoft/gm)].map(
      ([, name = ""]) => name,
    ),
  ];

  /**
   * Read by the Functions host: its storage, the connection of the queue trigger, telemetry.
   * https://learn.microsoft.com/azure/azure-functions/functions-reference#common-properties-for-identity-based-connections
   * https://learn.microsoft.com/azure/azure-functions/functions-app-settings
   */
  const platform = [
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "LiveChatStorage__clientId",
    "LiveChatStorage__credential",
    "LiveChatStorage__queueServiceUri",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
  ];

  /** Settings of the registration of webhooks. */
  const registration = ["WEBHOOK_BASE_URL", "LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS"];

  test("every app setting of the templates is read by the app or the platform", () => {
    expect(names.length).toBeGreaterThan(10);
    const known: string[] = [...SETTING_NAMES, ...registration, ...platform];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("the app settings of the templates let the app open its tables by identity", () => {
    const values: Record<string, string> = {
      LiveChatStorage__tableServiceUri: "https://st1.table.core.windows.net/",
      LiveChatStorage__queueServiceUri: "https://st1.queue.core.windows.net/",
      LIVECHAT_API: "v2",
      HELPDESK: "on",
      LIVECHAT_RATE_LIMIT: "50",
      HTTP_STREAMING: "on",
      WEBHOOK_BASE_URL: "https://func-1.azurewebsites.net",
      // The template's defaults.
      LIVECHAT_LICENSE_ID: "",
      EVENT_RETENTION_DAYS: "",
      RETENTION_MARGIN_DAYS: "7",
      DELETED_TICKET_DAYS: "30",
    };
    const settings = readSettings(Object.fromEntries(names.map((name) => [name, values[name] ?? "a value"])));
    expect(settings.storage).toMatchObject({ uri: "https://st1.table.core.windows.net" });
    expect(settings.liveChat.rateLimit).toBe(50);
    expect(settings.webhook.licenseId).toBeUndefined();
    expect(settings.eventRetentionDays).toBeUndefined();
  });

  test("the host's body limit is the same in Azure and locally", () => {
    const [, limit] = /FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '(\d+)'/.exec(app) ?? [];
    const sample = JSON.parse(readFileSync("local.settings.sample.json", "utf8")).Values;
    expect(Number(limit)).toBe(BODY_LIMIT);
    expect(Number(sample.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT)).toBe(BODY_LIMIT);
    const largest = operations.map(({ input }) => input.delivery?.maxBytes ?? MAX_JSON_BYTES);
    expect(Math.max(...largest)).toBeLessThan(BODY_LIMIT);
  });

  test("every secret app setting refers to the Key Vault", () => {
    const secrets = names.filter((name) => /KEY|PASSWORD/.test(name));
    expect(secrets).toContain("LIVECHAT_API_KEY");
    for (const name of secrets) expect(app).not.toContain(name);
  });
});

const { text: storage } = file("infra/modules/storage.bicep");

test("storage.bicep opens the storage account to identities only", () => {
  expect(storage).toContain("allowSharedKeyAccess: false");
  expect(storage).toContain("allowBlobPublicAccess: false");
  expect(storage).toContain("minimumTlsVersion: 'TLS1_2'");
});

test("storage.bicep creates the tables that the app opens", () => {
  for (const table of Object.values(defaults.tables)) expect(storage).toContain(`'${table}'`);
});

const { text: functionApp } = file("infra/modules/app.bicep");

test("app.bicep has azd's service name and the tested version of Node", () => {
  const { services } = parse(readFileSync("azure.yaml", "utf8"));
  const [, service = ""] = /'azd-service-name': '(\w+)'/.exec(functionApp) ?? [];
  expect(services[service]).toEqual({ project: ".", language: "js", host: "function", remoteBuild: false });
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const [, version] = /name: 'node'\s+version: '(\d+)'/.exec(functionApp) ?? [];
  expect(devDependencies.node.split(".")[0]).toBe(version);
});

test("app.bicep allows only HTTPS and no publishing passwords", () => {
  expect(functionApp).toContain("httpsOnly: true");
  expect(functionApp).toContain("minTlsVersion: '1.2'");
  expect(functionApp.match(/allow: false/g)).toHaveLength(2);
  expect(functionApp).not.toContain("allow: true");
});

describe("alerts and workbook", () => {
  const workbook = readFileSync("infra/workbook.json", "utf8");
  const queries: string[] = JSON.parse(workbook)
    .items.filter(({ type }: { type: number }) => type === 3)
    .map(({ content }: { content: { query: string } }) => content.query);
  const alerts = [...file("infra/modules/alerts.bicep").text.matchAll(/'''([\s\S]*?)'''/g)].map(
    ([, query = ""]) => query,
  );

  test("the workbook's placeholder for Application Insights is replaced by the template", () => {
    const [, placeholder = ""] = /replace\(loadTextContent\('\.\.\/workbook\.json'\), '(.+?)'/.exec(
      file("infra/modules/monitoring.bicep").text,
    ) ?? [""];
    expect(JSON.parse(workbook).fallbackResourceIds).toEqual([placeholder]);
  });

  const source = (path: string) => readFileSync(path, "utf8");
  const everything = [...alerts, ...queries].join("\n");

  test("alerts filter only by outcomes that the app counts", () => {
    const counted: Record<string, readonly string[]> = {
      "livechat.reconcile.runs": RunReport.entries.outcome.options,
      "livechat.events": REFUSAL_REASONS,
      "livechat.deliveries":
        source("shared/subscriptions/trace-delivery.ts").match(/(?<=outcome: ")[^"]+(?=")/g) ?? [],
    };
    const asked = alerts.flatMap((query) => {
      const [, metric = "", outcomes = ""] =
        /name == "([^"]+)" and tostring\(customDimensions\.outcome\) (?:==|in) (.*)/.exec(query) ?? [];
      return [...outcomes.matchAll(/"([^"]+)"/g)].map(([, outcome]) => ({ metric, outcome }));
    });
    expect(new Set(asked.map(({ metric }) => metric))).toEqual(new Set(Object.keys(counted)));
    for (const { metric, outcome } of asked) expect(counted[metric], metric).toContain(outcome);
  });

  test("queries use only dimensions, fields and functions that the app has", () => {
    const dimensions = source("shared/telemetry/metrics.ts");
    const asked = [...everything.matchAll(/customDimensions\.(\w+)/g)].map(([, name]) => name);
    expect(asked.length).toBeGreaterThan(3);
    for (const name of asked) expect(dimensions).toContain(`\`${name}\``);

    const fields = [...Object.keys(RunReport.entries), "type", "status", "message", "error", "cause"];
    for (const [, field] of everything.matchAll(/\bline\.(\w+)/g)) expect(fields).toContain(field);

    const [, start = "-"] = /\bname startswith \\?"(\w+)/.exec(everything) ?? [];
    const receivers = operations.filter(({ tag }) => tag === "Receivers").map(({ id }) => id);
    expect(receivers.length).toBeGreaterThan(3);
    expect(operations.map(({ id }) => id).filter((id) => id.startsWith(start))).toEqual(receivers);
  });

  test("the alert on reconciliation is off for an account without tickets", () => {
    expect(main?.text).toContain("hasTickets: liveChatApi == 'v2' || helpDesk == 'on'");
    expect(file("infra/modules/alerts.bicep").text).toContain(
      "enabled: one.id != 'not-reconciled' || hasTickets",
    );
  });

  test("queries search only for log lines that the app writes", () => {
    const sources = ["functions/timers.ts", "functions/receivers/receiver.ts"].map((path) =>
      readFileSync(path, "utf8"),
    );
    const written = sources.flatMap((source) =>
      [...source.matchAll(/\blog\("([^"]+)"/g)].map(([, line]) => line),
    );
    const sought = queries.flatMap((query) => [
      ...new Set([...query.matchAll(/message\) == "([^"]+)"/g)].map(([, line]) => line)),
    ]);
    expect(new Set(sought)).toEqual(new Set(["reconcile finished", "delivery received"]));
    for (const line of sought) expect(written).toContain(line);
  });

  test("alerts use only metrics of the app and no log lines", () => {
    const instruments = readFileSync("shared/telemetry/metrics.ts", "utf8");
    const names = alerts.flatMap((query) =>
      [...query.matchAll(/name == "([^"]+)"/g)].map(([, name]) => name),
    );
    expect(names).toHaveLength(3);
    for (const name of names) expect(instruments).toContain(`"${name}"`);
    for (const query of alerts) expect(query).not.toMatch(/^\s*(traces|requests)\b/m);
  });

  test("the alert on reconciliation waits for several runs of the timer", () => {
    expect(defaults.ticketsReconcileSchedule).toBe("0 */5 * * * *");
    expect(file("infra/modules/app.bicep").text).not.toContain("TICKETS_RECONCILE_SCHEDULE");
    expect(file("infra/modules/alerts.bicep").text).toMatch(/id: 'not-reconciled'[\s\S]*?window: 'PT30M'/);
  });
});

const workflows = readdirSync(".github/workflows").map(
  (name) => [name, readFileSync(`.github/workflows/${name}`, "utf8")] as const,
);

test.for(workflows)("%s pins every action by its commit and names its version", ([, text], { expect }) => {
  const uses = [...text.matchAll(/uses: (.+)/g)].map(([, action]) => action);
  expect(uses.length).toBeGreaterThan(0);
  for (const action of uses) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test("azure-dev.yml signs in without a password", () => {
  const { permissions, jobs } = parse(readFileSync(".github/workflows/azure-dev.yml", "utf8"));
  expect(permissions).toEqual({ "id-token": "write", contents: "read" });
  expect(JSON.stringify(jobs)).not.toMatch(/CLIENT_SECRET|CREDENTIALS/);
});

test("CI runs .ci/run on both supported versions of Node", () => {
  const { jobs } = parse(readFileSync(".github/workflows/ci.yml", "utf8"));
  expect(jobs.ci.strategy.matrix.node).toEqual([22, 24]);
  expect(jobs.ci.steps.at(-1).run).toBe("bash .ci/run");
});
