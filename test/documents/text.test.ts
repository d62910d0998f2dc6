import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromHelpDesk } from "../../shared/livechat/helpdesk/from-helpdesk.ts";
import { type JsonSchema, toJsonSchema } from "../../shared/publish/json-schema.ts";
import { ListedTicket, Ticket } from "../../shared/schemas/ticket.ts";
import { WebhookTicketResponse } from "../../shared/schemas/webhook.ts";
import { ticketEvent } from "../../shared/tickets/ticket-event.ts";

/** A ticket with all known fields of HelpDesk. */
const FULL = {
  ID: "0f6b2a54-6c0e-4d5e-9a43-0c9e6a3c1c11",
  shortID: "IIPZGJ",
  licenseID: 13381337,
  createdAt: "2026-04-30T22:02:08.901Z",
  createdByType: "client",
  updatedAt: "2026-04-30T22:05:10.000Z",
  lastMessageAt: "2026-04-30T22:02:08.901Z",
  status: "onhold",
  priority: 0,
  silo: "tickets",
  subject: "My new shoes are broken",
  requester: { email: "mary@example.com", name: "Mary Brown" },
  teamIDs: ["e3a0"],
  tagIDs: ["7a11"],
  assignment: { team: { ID: "e3a0", name: "Support" }, agent: { ID: "1c2d", name: "Jane Doe" } },
  source: { type: "email", detailedSource: "mailbox" },
  events: [
    {
      ...{ ID: 1, type: "message", date: "2026-04-30T22:02:08.901Z" },
      author: { type: "client", email: "mary@example.com", name: "Mary Brown" },
      source: { type: "email", referenceURL: "https://shop.example/help" },
      message: { isPrivate: false, text: "Hello", richTextHtml: null },
    },
    {
      ...{ ID: 2, type: "assignment", date: "2026-04-30T22:02:09.000Z", author: { type: "system" } },
      assignment: { old: { team: null }, new: { agent: { ID: "1c2d", name: "Jane Doe" } } },
    },
  ],
};
const NAMES = {
  agents: new Map([["1c2d", { email: "jane@example.com" }]]),
  teams: new Map([["e3a0", { name: "Support" }]]),
  tags: new Map([["7a11", { name: "shoes" }]]),
};

/** The fields of a schema without inner fields, such as `events[].author.id`. */
function leavesOf({ properties, items, anyOf }: JsonSchema, path = ""): string[] {
  const isOf = (schema: unknown): schema is JsonSchema => typeof schema === "object" && schema !== null;
  if (anyOf) return [...new Set(anyOf.filter(isOf).flatMap((one) => leavesOf(one, path)))];
  if (isOf(items) && !Array.isArray(items) && items.properties) return leavesOf(items, `${path}[]`);
  if (!properties) return [path];
  return Object.entries(properties).flatMap(([name, schema]) =>
    isOf(schema) ? leavesOf(schema, path === "" ? name : `${path}.${name}`) : [],
  );
}

/** Whether a path of {@link leavesOf} has a value. */
function isFilled(value: unknown, path: string): boolean {
  let values: unknown[] = [value];
  for (const step of path.split(".")) {
    const [name = "", isList] = step.split("[]");
    values = values.map((one) => (one as Record<string, unknown> | undefined)?.[name]);
    if (isList !== undefined) values = values.flatMap((list) => list ?? []);
  }
  return values.some((one) => one !== undefined);
}

const schemaOf = (schema: Parameters<typeof toJsonSchema>[0]) =>
  toJsonSchema(schema, { component: (_, shape) => shape });
const paths = [Ticket, ListedTicket, WebhookTicketResponse].flatMap((one) => leavesOf(schemaOf(one)));
const fields = [...new Set(paths.map((path) => path.replace(/^ticket\./, "")))].sort();

/** The fields in the table of docs/text.md, with their descriptions. */
const rows = readFileSync("docs/text.md", "utf8")
  .split("## Fields of a ticket")[1]
  ?.split("\n## ")[0]
  ?.matchAll(/^\| (`.*?) \| (.*) \|$/gm);
const described = [...(rows ?? [])].flatMap(([, names = "", said = ""]) =>
  [...names.matchAll(/`([^`]+)`/g)].map(([, field = ""]) => [field, said] as const),
);

test("docs/text.md lists each field of a ticket exactly once", () => {
  expect(fields).toContain("events[].author.id");
  expect(described.map(([field]) => field).sort()).toEqual(fields);
});

test("a full HelpDesk ticket fills exactly the fields not called lost in docs/text.md", () => {
  const ticket = fromHelpDesk(FULL, NAMES);
  const event = JSON.parse(ticketEvent({ id: FULL.ID, ...ticket }, "webhook", "text").raw);
  const mapped = fields.filter((field) => isFilled({ ...event, ...event.ticket }, field));
  const lost = described.filter(([, said]) => /^none\b/.test(said)).map(([field]) => field);
  expect(mapped).toEqual(fields.filter((field) => !lost.includes(field)));
});
