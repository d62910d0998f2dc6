import { isSandboxKey } from "../shared/core/settings.ts";
import { SANDBOX_CREDENTIALS, startSandbox } from "./sandbox/sandbox.ts";
import { HELPDESK, startTextSandbox, TEXT_CREDENTIALS } from "./sandbox/text/sandbox.ts";

/** A sandbox that `npm start` runs in LiveChat's place. */
type LocalSandbox = {
  name: string;
  /** The app's settings for the sandbox. They are public, because they are valid for sandboxes only. */
  settings(urls: { sandbox: string; app: string }): Record<string, string>;
  /** Starts it on a port of this machine, with a filled account that delivers to the app. */
  start(port: number, app: Receivers): Promise<{ close(): Promise<void> }>;
};

/** The app's URL, and the credentials of its receivers. */
type Receivers = { url: string; username: string; password: string };

const byApi: Record<string, LocalSandbox> = {
  v2: {
    name: "LiveChat sandbox",
    settings: ({ sandbox, app }) => ({
      LIVECHAT_API_URL: sandbox,
      LIVECHAT_USERNAME: SANDBOX_CREDENTIALS.username,
      LIVECHAT_API_KEY: SANDBOX_CREDENTIALS.apiKey,
      LIVECHAT_WEBHOOK_USERNAME: "livechat",
      LIVECHAT_WEBHOOK_PASSWORD: "local-webhook-password",
      LIVECHAT_LICENSE_ID: "12345678",
      WEBHOOK_BASE_URL: app,
    }),
    async start(port, { url, username, password }) {
      const sandbox = await startSandbox({ port });
      for (const [event_type, data_types, path] of [
        ["chat_started", ["chat", "visitor", "pre_chat_survey"], "chat-started"],
        ["chat_ended", ["chat", "visitor", "pre_chat_survey"], "chat-ended"],
        ["ticket_created", ["ticket"], "ticket-created"],
      ] as const) {
        const receiver = new URL(`${url}/api/receivers/${path}`);
        Object.assign(receiver, { username, password });
        sandbox.webhooks.register({ event_type, data_types: [...data_types], url: receiver.href });
      }
      sandbox.tickets.fill(60);
      return sandbox;
    },
  },
  text: {
    name: "Text sandbox",
    settings: ({ sandbox, app }) => ({
      LIVECHAT_API_URL: sandbox,
      LIVECHAT_ACCOUNT_ID: TEXT_CREDENTIALS.accountId,
      LIVECHAT_CLIENT_ID: TEXT_CREDENTIALS.clientId,
      LIVECHAT_API_KEY: TEXT_CREDENTIALS.apiKey,
      HELPDESK_API_URL: sandbox + HELPDESK,
      LIVECHAT_WEBHOOK_PASSWORD: "local-webhook-password",
      WEBHOOK_BASE_URL: app,
    }),
    async start(port, { url, password }) {
      const sandbox = await startTextSandbox({ port });
      for (const action of ["incoming_chat", "chat_deactivated"]) {
        const receiver = new URL(`${url}/api/receivers/text/chats`);
        receiver.searchParams.set("key", password);
        sandbox.webhooks.register({
          action,
          url: receiver.href,
          secret_key: password,
          type: "license",
          owner_client_id: TEXT_CREDENTIALS.clientId,
        });
      }
      const receiver = new URL(`${url}/api/receivers/helpdesk/tickets`);
      receiver.searchParams.set("key", password);
      sandbox.helpDesk.register({ url: receiver.href, eventType: "tickets.create" });
      sandbox.helpDesk.desk.fill(60);
      return sandbox;
    },
  },
};

/** The sandboxes by `LIVECHAT_API`. */
export const sandboxes: ReadonlyMap<string, LocalSandbox> = new Map(Object.entries(byApi));

/**
 * True when `npm start` must run a sandbox: `LIVECHAT_API_URL` is the sandbox's, or the settings have no account.
 *
 * @param given the settings of the file and the environment, without empty ones
 */
export function wantsSandbox(
  given: Record<string, string | undefined>,
  { hasFile, sandboxUrl }: { hasFile: boolean; sandboxUrl: string },
): boolean {
  const { LIVECHAT_API_URL: url, LIVECHAT_API_KEY: key } = given;
  if (url !== undefined) return url.replace(/\/+$/, "") === sandboxUrl;
  return !hasFile && (key === undefined || isSandboxKey(key));
}
