import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api.ts";
import type { Loaded } from "./use-call.ts";

/**
 * Shows an answer. Before the first answer it shows a skeleton. After a failure it shows the problem and the data's age
 * above the old answer.
 */
export function Show<Body>({
  of,
  children,
}: {
  of: Loaded<Body>;
  children: (body: Body) => ComponentChildren;
}) {
  const { body, at, problem, reload } = of;
  return (
    <>
      {problem && problem.status !== 401 && (
        <ProblemBanner problem={problem} retry={reload} asOf={body === undefined ? undefined : at} />
      )}
      {body !== undefined ? children(body) : !problem && <Skeleton />}
    </>
  );
}

export function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      <i />
      <i />
      <i />
    </div>
  );
}

type BannerProps = { problem: Problem; retry?: () => void; asOf?: number | undefined };

/** Shows a problem in the app's own words, with a button to try again. */
export function ProblemBanner({ problem, retry, asOf }: BannerProps) {
  const seconds = useCountdown(problem);
  return (
    <div class={`banner ${problem.status === 409 ? "attention" : "bad"}`} role="alert">
      <p>
        <strong>{problem.title}</strong>
        {problem.detail && `: ${problem.detail}`}
      </p>
      {problem.errors.length > 0 && (
        <ul>
          {problem.errors.map(({ path, message }) => (
            <li key={path}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {asOf !== undefined && <p>This data is from {new Date(asOf).toLocaleTimeString()}.</p>}
      {retry && (
        <button type="button" onClick={retry} disabled={seconds > 0}>
          {seconds > 0 ? `Try again in ${seconds} s` : "Try again"}
        </button>
      )}
    </div>
  );
}

function useCountdown(problem: Problem): number {
  const [seconds, setSeconds] = useState(problem.retryAfter ?? 0);
  useEffect(() => {
    const end = Date.now() + (problem.retryAfter ?? 0) * 1000;
    const tick = () => setSeconds(Math.max(0, Math.ceil((end - Date.now()) / 1000)));
    tick();
    const timer = setInterval(tick, 500);
    return () => clearInterval(timer);
  }, [problem]);
  return seconds;
}
