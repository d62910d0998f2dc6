import { render } from "preact";
import { LocationProvider, lazy, Route, Router } from "preact-iso";
import { BASE } from "./api.ts";
import { Shell } from "./parts/shell.tsx";
import "./style.css";

const Now = lazy(() => import("./pages/now.tsx"));
const NotFound = lazy(() => import("./pages/not-found.tsx"));

function App() {
  return (
    <LocationProvider scope={BASE}>
      <Shell>
        <Router>
          <Route path={BASE} component={Now} />
          <Route default component={NotFound} />
        </Router>
      </Shell>
    </LocationProvider>
  );
}

const root = document.getElementById("app");
if (root) render(<App />, root);
