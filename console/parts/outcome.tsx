import { State } from "./state.tsx";

/** The status of a callback's answer, or the reason for no answer. */
export function Outcome({ status, error }: { status?: number | undefined; error?: string | undefined }) {
  const isOk = status !== undefined && status >= 200 && status < 300;
  return (
    <State kind={isOk ? "ok" : "bad"}>{status === undefined ? (error ?? "no answer") : String(status)}</State>
  );
}
