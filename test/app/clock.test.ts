import { expect, test } from "vitest";
import { type App, startApp } from "./start-app.ts";

const YEAR = 365 * 24 * 60 * 60_000;

/** Node options that set the clock off by `off` milliseconds. */
const withClock = (off: number) => {
  const code = `const R=Date;globalThis.Date=class extends R{constructor(...a){a.length?super(...a):super(R.now()+${off})}static now(){return R.now()+${off}}}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
};

const ticket = (id: string) => ({ event_type: "ticket_created", ticket: { id } });
const minutesOff = (iso: string) => Math.abs(Date.parse(iso) - Date.now()) / 60_000;

test.each([YEAR, -YEAR])(
  "an instance with a clock off by %i ms stores events and tickets at the true time",
  async (off) => {
    const tables = Object.fromEntries(
      ["EVENTS_TABLE", "TICKETS_TABLE"].map((name) => [name, `T${crypto.randomUUID().replaceAll("-", "")}`]),
    );
    const wrong = await startApp({ env: { ...tables, ...withClock(off) } });
    let right: App | undefined;
    try {
      expect((await wrong.deliver("ticket-created", ticket("T1"))).body.status).toBe("stored");
      const run = await wrong.call("POST", "/reconcile/tickets");
      expect(run.body).toMatchObject({ outcome: "completed" });
      expect(minutesOff(run.body.startedAt)).toBeLessThan(2);

      right = await startApp({ env: tables });
      expect((await right.deliver("ticket-created", ticket("T2"))).body.status).toBe("stored");
      const { body } = await right.call("GET", "/events");
      expect(body.items).toHaveLength(2);
      for (const { receivedAt } of body.items) expect(minutesOff(receivedAt)).toBeLessThan(2);
      right.sandbox.tickets.fill(3);
      expect((await right.call("POST", "/reconcile/tickets")).body).toMatchObject({ outcome: "completed" });
    } finally {
      await Promise.all([wrong.stop(), right?.stop()]);
    }
  },
);
