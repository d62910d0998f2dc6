import { render } from "preact";
import { LocationProvider, lazy, Route, Router } from "preact-iso";
import { BASE } from "./api.ts";
import { Shell } from "./parts/shell.tsx";
import "uplot/dist/uPlot.min.css";
import "./style.css";

const Now = lazy(() => import("./pages/now.tsx"));
const Events = lazy(() => import("./pages/events.tsx"));
const Event = lazy(() => import("./pages/event.tsx"));
const Chats = lazy(() => import("./pages/chats.tsx"));
const Chat = lazy(() => import("./pages/chat.tsx"));
const Tickets = lazy(() => import("./pages/tickets.tsx"));
const Ticket = lazy(() => import("./pages/ticket.tsx"));
const Subscriptions = lazy(() => import("./pages/subscriptions.tsx"));
const Subscription = lazy(() => import("./pages/subscription.tsx"));
const Reconciliation = lazy(() => import("./pages/reconciliation.tsx"));
const Quarantine = lazy(() => import("./pages/quarantine.tsx"));
const Health = lazy(() => import("./pages/health.tsx"));
const NotFound = lazy(() => import("./pages/not-found.tsx"));

function App() {
  return (
    <LocationProvider scope={BASE}>
      <Shell>
        <Router>
          <Route path={BASE} component={Now} />
          <Route path={`${BASE}/events`} component={Events} />
          <Route path={`${BASE}/events/:id`} component={Event} />
          <Route path={`${BASE}/chats`} component={Chats} />
          <Route path={`${BASE}/chats/:id`} component={Chat} />
          <Route path={`${BASE}/tickets`} component={Tickets} />
          <Route path={`${BASE}/tickets/:id`} component={Ticket} />
          <Route path={`${BASE}/subscriptions`} component={Subscriptions} />
          <Route path={`${BASE}/subscriptions/:id`} component={Subscription} />
          <Route path={`${BASE}/reconciliation`} component={Reconciliation} />
          <Route path={`${BASE}/quarantine`} component={Quarantine} />
          <Route path={`${BASE}/health`} component={Health} />
          <Route default component={NotFound} />
        </Router>
      </Shell>
    </LocationProvider>
  );
}

const root = document.getElementById("app");
if (root) render(<App />, root);
