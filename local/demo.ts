import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { readPorts } from "./arguments.ts";

/**
 * Demonstrates a running `npm start`: creates an agent and a ticket, holds a chat in the sandbox, and shows their events in
 * the log and at a callback. It changes nothing unless the app uses the sandbox.
 */
const ports = findPorts();
const FUNCTIONS = `http://127.0.0.1:${ports.app}/api`;
const SANDBOX = `http://127.0.0.1:${ports.sandbox}`;
/** Milliseconds to wait for the webhooks and for the callback. */
const WAIT_LIMIT = 30_000;

type LoggedEvent = {
  seq: number;
  type: string;
  origin: string;
  occurredAt: string;
  chatId?: string;
  ticketId?: string;
};

try {
  await demo();
} catch (error) {
  end(error);
}

async function demo(): Promise<void> {
  await requireSandbox();

  const number = Date.now().toString(36);
  const { next: before } = await lastPage();

  const agent = await call<{ login: string; permission: string }>("POST", `${FUNCTIONS}/agents`, {
    login: `ana.${number}@example.com`,
    name: "Ana Demo",
    permission: "normal",
  });
  console.log(`CreateAgent      ${agent.login} (${agent.permission})`);

  const { api } = await call<{ api?: string }>("GET", `${SANDBOX}/sandbox`);
  const ticket = await makeTicket();
  if (!ticket) console.log("CreateTicket     left out: the account has no HelpDesk");

  await showEvents(ticket, before);

  if (ticket) await reconcileTickets();
  if (api === "text") {
    const { recovered } = await call<{ recovered: number }>("POST", `${FUNCTIONS}/reconcile/chats`);
    console.log(`\nReconcileChats   ${recovered} recovered`);
  }
}

/** Holds a chat, and shows the events after a place of the log and the callback of the chat's end. */
async function showEvents(ticket: { id: string } | undefined, before: number): Promise<void> {
  const callback = await startCallback();
  const subscription = await call<{ id: string; secret: string }>(
    "POST",
    `${FUNCTIONS}/chat_ends_webhook/webhooks?event_type=chat_ended`,
    { url: callback.url },
  );
  console.log(`Subscription     chats' ends to ${callback.url}`);
  try {
    const chat = await call<{ id: string }>("POST", `${SANDBOX}/sandbox/chats/whole`);
    console.log(`Sandbox          held chat ${chat.id}\n`);

    console.log("The log, as LiveChat's webhooks arrive:");
    const awaited = new Set([
      ...(ticket ? [`ticket_created ${ticket.id}`] : []),
      ...[`chat_started ${chat.id}`, `chat_ended ${chat.id}`],
    ]);
    const deadline = Date.now() + WAIT_LIMIT;
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
      if (awaited.size > 0 && Date.now() > deadline)
        fail(`did not arrive in time: ${[...awaited].join(", ")}`);
      if (items.length === 0) await setTimeout(100);
    }

    console.log("\nThe callback, as the chat's end is delivered to it:");
    const delivery = await callback.delivery(chat.id);
    new Webhook(subscription.secret).verify(delivery.body, delivery.headers);
    console.log(`        chat_ended     ${chat.id}  the signature is right`);
  } finally {
    await fetch(`${FUNCTIONS}/subscriptions/${subscription.id}`, { method: "DELETE" }).catch(() => undefined);
    callback.end();
  }
}

async function reconcileTickets(): Promise<void> {
  const report = await call<{ added: number; changed: number; unchanged: number }>(
    "POST",
    `${FUNCTIONS}/reconcile/tickets`,
  );
  console.log(
    `\nReconcileTickets ${report.added} added, ${report.changed} changed, ${report.unchanged} unchanged`,
  );
  const stored = await call<{ items: { id: string }[] }>("GET", `${FUNCTIONS}/stored/tickets?limit=1`);
  console.log(`Stored tickets   the last modified is ${stored.items[0]?.id}`);
}

function findPorts() {
  try {
    return readPorts();
  } catch (error) {
    return end(error);
  }
}

/** Ends the demo before it changes anything, unless a sandbox receives the app's calls. */
async function requireSandbox(): Promise<void> {
  const count = async () => {
    const response = await fetch(`${SANDBOX}/sandbox/calls`).catch(() => undefined);
    const answer = response?.ok
      ? ((await response.json().catch(() => undefined)) as { count?: number })
      : undefined;
    return answer?.count;
  };
  const before = await count();
  if (before === undefined) {
    fail(
      `no LiveChat sandbox answers at ${SANDBOX}. The demo creates agents, tickets and chats, so it runs only with the sandbox: with "npm start" and no account in local.settings.json. Nothing was touched.`,
    );
  }
  await call("GET", `${FUNCTIONS}/agents`);
  if ((await count()) === before) {
    fail(`the app at ${FUNCTIONS} does not use the sandbox at ${SANDBOX}. Nothing was changed.`);
  }
}

/** Creates and changes a ticket; `undefined` for an account without HelpDesk. */
async function makeTicket() {
  const listed = await fetch(`${FUNCTIONS}/tickets?limit=1`);
  if (listed.status === 409) return undefined;
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
  return ticket;
}

/** A callback on this machine that accepts every delivery. */
async function startCallback() {
  const deliveries = new Map<string, { body: string; headers: Record<string, string> }>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { chat } = JSON.parse(body) as { chat: { id: string } };
    deliveries.set(chat.id, { body, headers: request.headers as Record<string, string> });
    response.writeHead(202).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    async delivery(chatId: string) {
      for (const end = Date.now() + WAIT_LIMIT; Date.now() < end; await setTimeout(50)) {
        const found = deliveries.get(chatId);
        if (found) return found;
      }
      return fail(`did not receive the end of chat ${chatId} in time`);
    },
    end() {
      server.closeAllConnections();
      server.close();
    },
  };
}

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
  throw new Error(why);
}

function end(error: unknown): never {
  console.error(`demo: ${(error as Error).message}`);
  process.exit(1);
}
