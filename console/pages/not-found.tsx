import { BASE } from "../api.ts";
import { Page } from "../parts/page.tsx";

export default function NotFound() {
  return (
    <Page title="No such page">
      <p>
        The console has no page at this address. <a href={BASE}>Go to Now</a>.
      </p>
    </Page>
  );
}
