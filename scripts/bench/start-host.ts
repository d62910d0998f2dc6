import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Agent, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";

/** The webhooks' credentials. */
export const CREDENTIALS = { username: "bench", password: "bench-password" };

/** Starts the light host in its own process, with the required settings. */
export async function startHost(env: Record<string, string>, ...flags: string[]) {
  const child = spawn(process.execPath, ["local/host/main.ts", "--port", "0", ...flags], {
    env: {
      PATH: process.env.PATH,
      LIVECHAT_USERNAME: "bench@example.com",
      LIVECHAT_API_KEY: "bench",
      LIVECHAT_WEBHOOK_USERNAME: CREDENTIALS.username,
      LIVECHAT_WEBHOOK_PASSWORD: CREDENTIALS.password,
      TICKETS_RECONCILE_SCHEDULE: "0 0 0 1 1 *",
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const ready = /^listening on (.+)$/.exec(line)?.[1];
      if (ready) resolve(ready);
    });
    child.once("exit", (code) => reject(new Error(`The host ended with ${code}`)));
  });
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** Posts JSON as LiveChat does. @throws when the answer is not a success */
export async function post(url: string, body: string, agent?: Agent): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${CREDENTIALS.username}:${CREDENTIALS.password}`).toString("base64")}`;
  const headers = {
    authorization,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  };
  const outgoing = request(url, { method: "POST", agent, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299)
    throw new Error(`${new URL(url).pathname} answered ${statusCode}`);
}
