import { State } from "./state.tsx";

/** Shows the status that a callback answered, or why it did not answer. */
export function Outcome({ status, error }: { status?: number | undefined; error?: string | undefined }) {
  const isOk = status !== undefined && status >= 200 && status < 300;
  return (
    <State kind={isOk ? "ok" : "bad"}>{status === undefined ? (error ?? "no answer") : String(status)}</State>
  );
}
