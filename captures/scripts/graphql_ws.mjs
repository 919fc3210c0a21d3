// A parcel tracker on GraphQL over WebSocket (graphql-transport-ws): queries, mutations and subscriptions, errors in
// results and in documents, pings, and the protocol's own close codes 4400, 4401, 4409.

import { buildSchema } from "graphql";
import { createClient } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import { WebSocket, WebSocketServer } from "ws";
import { logAs, pause, untilTold, versionsOf } from "./logged_ws.mjs";

const PORT = 8093;
const schema = buildSchema(`
  type Place { city: String!, country: String!, coordinates: [Float!] }
  type Scan { at: String!, place: Place!, note: String }
  type Parcel { id: ID!, weight: Float!, scans(last: Int): [Scan!]!, insured: Boolean! }
  input NewParcel { weight: Float!, insured: Boolean, to: String! }
  type Query { parcel(id: ID!): Parcel, parcels(limit: Int!): [Parcel!]!, broken: String! }
  type Mutation { register(parcel: NewParcel!): Parcel! }
  type Subscription { scanned(id: ID!): Scan!, countdown(from: Int!): Int! }
`);
const PLACES = [
  { city: "Porto", country: "PT", coordinates: [41.15, -8.61] },
  { city: "Lyon", country: "FR", coordinates: [45.76, 4.84] },
  { city: "Graz", country: "AT", coordinates: null },
];

function parcel(id) {
  const scans = PLACES.map((place, index) => ({ at: `2026-11-2${index}T08:30:00Z`, place, note: index === 1 ? "left at the counter" : null }));
  return { id, weight: 1.25 + id.length, insured: id.length % 2 === 0, scans: ({ last }) => scans.slice(-(last ?? scans.length)) };
}

const roots = {
  query: {
    parcel: ({ id }) => (id === "none" ? null : parcel(id)),
    parcels: ({ limit }) => Array.from({ length: limit }, (_, index) => parcel(`P${index}${"0".repeat(index % 3)}`)),
    broken: () => {
      throw new Error("the depot does not answer");
    },
  },
  mutation: { register: ({ parcel: given }) => ({ ...parcel(`N-${given.to}`), weight: given.weight }) },
  subscription: {
    async *scanned({ id }) {
      for (const scan of parcel(id).scans({})) {
        await pause(70);
        yield { scanned: scan };
      }
    },
    async *countdown({ from }) {
      for (let left = from; left >= 0; left -= 1) {
        await pause(25);
        yield { countdown: left };
      }
    },
  },
};

async function serve() {
  const socket = new WebSocketServer({ port: PORT, host: "127.0.0.1", path: "/graphql" }, () => console.log("ready"));
  useServer(
    {
      schema,
      roots,
      connectionInitWaitTimeout: 400,
      onConnect: ({ connectionParams }) => connectionParams?.depot !== "closed",
    },
    socket,
    400, // a WebSocket ping after so many milliseconds
  );
  await untilTold();
  process.exit(0);
}

function connect(options = {}) {
  return createClient({ url: `ws://127.0.0.1:${PORT}/graphql`, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0, onNonLazyError: () => {}, ...options });
}

const run = (client, request) =>
  new Promise((resolve) => {
    const results = [];
    client.subscribe(request, { next: (result) => results.push(result), error: resolve, complete: () => resolve(results) });
  });

async function visitor(number) {
  const client = connect({ connectionParams: { depot: `D${number}`, app: { name: "tracker", build: 120 + number } }, keepAlive: 300 });
  const scans = "subscription Scans($id: ID!) { scanned(id: $id) { at note place { city country coordinates } } }";
  await Promise.all([
    run(client, { query: "query One($id: ID!) { parcel(id: $id) { id weight scans(last: 2) { at place { city } } } }", variables: { id: `A-${number}` } }),
    run(client, { query: "query Many($limit: Int!) { parcels(limit: $limit) { id insured scans { at note } } }", variables: { limit: 3 + number } }),
    run(client, { query: scans, variables: { id: `A-${number}` } }),
    run(client, { query: "subscription Down { countdown(from: 20) }" }),
    run(client, { query: "query None { parcel(id: \"none\") { id } }" }),
    run(client, { query: "query Broken { broken }" }),
    run(client, { query: "query Wrong { parcel { colour } }" }), // answered with `error`
    run(client, {
      query: "mutation Register($parcel: NewParcel!) { register(parcel: $parcel) { id weight } }",
      variables: { parcel: { weight: 2.5, to: "Graz", insured: number % 2 === 0 } },
    }),
  ]);
  // A subscription that is given up before its end.
  const stop = client.subscribe({ query: "subscription Long { countdown(from: 500) }" }, { next() {}, error() {}, complete() {} });
  await pause(300);
  stop();
  await pause(50);
  await client.dispose();
  await pause(50);
}

// A client of its own making, that breaks the protocol in the ways for which it has close codes.
async function breaker(messages, path = "/graphql") {
  const connection = new WebSocket(`ws://127.0.0.1:${PORT}${path}`, "graphql-transport-ws");
  const closed = new Promise((resolve) => connection.once("close", resolve).once("error", resolve));
  await new Promise((resolve) => connection.once("open", resolve).once("error", resolve));
  for (const message of messages) {
    if (connection.readyState === WebSocket.OPEN) connection.send(message);
    await pause(40);
  }
  await closed;
}

async function visitAll() {
  const init = JSON.stringify({ type: "connection_init" });
  const subscribe = JSON.stringify({ id: "7", type: "subscribe", payload: { query: "subscription { countdown(from: 40) }" } });
  await Promise.all([
    visitor(1),
    pause(100).then(() => visitor(2)),
    run(connect({ connectionParams: { depot: "closed" } }), { query: "{ broken }" }), // 4403
    breaker([init, "this is no message"]), // 4400
    breaker([subscribe]), // 4401
    breaker([init, subscribe, subscribe]), // 4409
    breaker([init, init]), // 4429
    breaker([]), // 4408
    breaker([], "/nothing"), // refused
  ]);
  process.exit(0);
}

logAs(process.argv[2], { versions: versionsOf("graphql", "graphql-ws") });
await (process.argv[2] === "server" ? serve() : visitAll());
