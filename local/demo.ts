import { setTimeout } from "node:timers/promises";

/** Shows a running `npm start` at work: an agent and a ticket are created, a chat is held, and the log tells of it. */
const FUNCTIONS = "http://127.0.0.1:7071/api";
const SANDBOX = "http://127.0.0.1:7072";
/** How long to wait for the webhooks, in milliseconds. */
const PATIENCE = 15_000;

type LoggedEvent = {
  seq: number;
  type: string;
  origin: string;
  occurredAt: string;
  chatId?: string;
  ticketId?: string;
};

const number = Date.now().toString(36);
const { next: before } = await lastPage();

const agent = await call<{ login: string; permission: string }>("POST", `${FUNCTIONS}/agents`, {
  login: `ana.${number}@example.com`,
  name: "Ana Demo",
  permission: "normal",
});
console.log(`CreateAgent      ${agent.login} (${agent.permission})`);

const ticket = await call<{ id: string; subject: string; status: string }>("POST", `${FUNCTIONS}/tickets`, {
  message: "The lamp that I bought yesterday stays dark.",
  subject: "Dark lamp",
  requester: { mail: "visitor@example.com", name: "Vera Visitor" },
});
console.log(`CreateTicket     ${ticket.id} "${ticket.subject}" (${ticket.status})`);

const updated = await call<{ tags: string[]; ignored_fields: string[] }>(
  "PUT",
  `${FUNCTIONS}/tickets/${ticket.id}/tags`,
  {
    tag: ["lamp"],
    subject: "Lamp stays dark",
  },
);
console.log(
  `UpdateTicket     tags: ${updated.tags.join(", ")}; ignored_fields: ${updated.ignored_fields.join(", ")}`,
);

const chat = await call<{ id: string }>("POST", `${SANDBOX}/sandbox/chats/whole`);
console.log(`Sandbox          held chat ${chat.id}\n`);

console.log("The log, as LiveChat's webhooks arrive:");
const awaited = new Set([`ticket_created ${ticket.id}`, `chat_started ${chat.id}`, `chat_ended ${chat.id}`]);
const deadline = Date.now() + PATIENCE;
for (let after = before; awaited.size > 0; ) {
  const { items, next } = await page(after);
  for (const event of items) {
    const subject = event.chatId ?? event.ticketId;
    console.log(
      `  ${String(event.seq).padStart(4)}  ${event.type.padEnd(15)}${subject}  ${event.occurredAt}  by ${event.origin}`,
    );
    awaited.delete(`${event.type} ${subject}`);
  }
  after = next;
  if (awaited.size > 0 && Date.now() > deadline) fail(`did not arrive in time: ${[...awaited].join(", ")}`);
  if (items.length === 0) await setTimeout(100);
}

const report = await call<{ added: number; changed: number; unchanged: number }>(
  "POST",
  `${FUNCTIONS}/reconcile/tickets`,
);
console.log(
  `\nReconcileTickets ${report.added} added, ${report.changed} changed, ${report.unchanged} unchanged`,
);
const stored = await call<{ items: { id: string }[] }>("GET", `${FUNCTIONS}/stored/tickets?limit=1`);
console.log(`Stored tickets   the last modified is ${stored.items[0]?.id}`);

function page(after: number): Promise<{ items: LoggedEvent[]; next: number }> {
  return call("GET", `${FUNCTIONS}/events?after=${after}&limit=1000`);
}

async function lastPage(): Promise<{ next: number }> {
  for (let after = 0; ; ) {
    const { items, next } = await page(after);
    if (items.length === 0) return { next };
    after = next;
  }
}

async function call<Answer>(method: string, url: string, body?: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => fail(`nothing answers at ${new URL(url).origin}: is "npm start" running?`));
  const answer = await response.json();
  if (!response.ok)
    fail(`${method} ${new URL(url).pathname} gave ${response.status}: ${JSON.stringify(answer)}`);
  return answer as Answer;
}

function fail(why: string): never {
  console.error(`demo: ${why}`);
  process.exit(1);
}
