import { Page } from "../parts/page.tsx";
import { useCall } from "../parts/use-call.ts";

export default function Now() {
  const status = useCall("GetStatus", {}, { everyMs: 60_000 });
  return (
    <Page title="Now">
      <ul>
        {status.body?.checks.map((check) => (
          <li key={check.name}>
            {check.state} {check.name}: {check.detail}
          </li>
        ))}
      </ul>
    </Page>
  );
}
