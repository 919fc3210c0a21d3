// permessage-deflate in the settings of the Node library `ws`: thresholds, no context takeover on one side or both,
// small windows, text and binary, compressed and plain messages on one connection, and closes without a status code.

import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { logAs, pause, randomFrom, untilTold } from "./logged_ws.mjs";

const PORT = 8091;
const SETTINGS = {
  // path: [server's option, client's option]
  "/inventory": [{ threshold: 0 }, { threshold: 0 }],
  "/inventory/servertakeover-off": [{ threshold: 0, serverNoContextTakeover: true }, { threshold: 0 }],
  "/inventory/clienttakeover-off": [{ threshold: 0, clientNoContextTakeover: true }, { threshold: 0 }],
  "/inventory/takeover-off": [
    { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    { threshold: 0, serverNoContextTakeover: true },
  ],
  "/inventory/small-windows": [
    { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
    { threshold: 0, clientMaxWindowBits: 12 },
  ],
  "/inventory/threshold": [{ threshold: 300 }, { threshold: 120 }],
  "/inventory/plain": [false, false],
};
const ARTICLES = ["lamp", "kettle", "rucksack", "notebook", "bicycle pump", "garden chair", "map of the region"];

function article(random, depth) {
  const made = {
    sku: `SKU-${Math.floor(random() * 90000) + 10000}`,
    name: ARTICLES[Math.floor(random() * ARTICLES.length)],
    stock: Math.floor(random() * 400),
    price: { amount: Math.round(random() * 20000) / 100, currency: random() < 0.8 ? "EUR" : "CHF" },
    tags: ["new", "sale", "heavy", "fragile"].filter(() => random() < 0.4),
  };
  if (random() < 0.3) made.supplier = { id: Math.floor(random() * 50), rating: random() < 0.5 ? null : 4.5 };
  if (depth > 0 && random() < 0.5) made.related = [article(random, depth - 1), article(random, depth - 1)];
  return made;
}

// A picture that deflate cannot shorten, and one that it can.
function picture(random, length, noisy) {
  return Buffer.from(Array.from({ length }, (_, index) => (noisy ? Math.floor(random() * 256) : index % 7)));
}

async function serve() {
  const http = createServer();
  const servers = new Map(
    Object.entries(SETTINGS).map(([path, [perMessageDeflate]]) => [path, new WebSocketServer({ noServer: true, perMessageDeflate })]),
  );
  http.on("upgrade", (request, socket, head) => {
    const server = servers.get(request.url);
    server.handleUpgrade(request, socket, head, (connection) => answer(connection, request.url));
  });
  http.listen(PORT, "127.0.0.1", () => console.log("ready"));
  await untilTold();
  process.exit(0);
}

function answer(connection, path) {
  const random = randomFrom(path.length);
  connection.on("message", (data, binary) => {
    if (binary) {
      connection.send(Buffer.concat([Buffer.from("thumb:"), data.subarray(0, 80)]));
      return;
    }
    const request = JSON.parse(data.toString());
    if (request.action === "find") {
      const items = Array.from({ length: request.limit }, () => article(random, 1));
      connection.send(JSON.stringify({ action: "found", request: request.request, total: items.length * 3, items }));
    } else if (request.action === "reserve") {
      const left = Math.floor(random() * 100);
      connection.send(JSON.stringify({ action: "reserved", request: request.request, lines: request.lines.length, left }));
    } else {
      connection.send(JSON.stringify({ action: "error", request: request.request, code: 40, detail: `unknown action ${request.action}` }), {
        compress: false,
      });
    }
  });
}

async function visit(path, perMessageDeflate, number) {
  const random = randomFrom(number);
  const connection = new WebSocket(`ws://127.0.0.1:${PORT}${path}`, { perMessageDeflate });
  let answers = 0;
  connection.on("message", () => (answers += 1));
  await new Promise((resolve, reject) => connection.once("open", resolve).once("error", reject));
  let asked = 0;
  const ask = (data, options = {}) => {
    asked += 1;
    connection.send(data, options);
  };
  for (let turn = 0; turn < 8; turn += 1) {
    ask(JSON.stringify({ action: "find", request: asked, text: ARTICLES[turn % ARTICLES.length], limit: 1 + (turn % 4), filter: { in_stock: turn % 2 === 0 } }));
    const lines = Array.from({ length: 1 + (turn % 3) }, () => ({ sku: `SKU-${Math.floor(random() * 90000)}`, count: 1 + Math.floor(random() * 5) }));
    ask(JSON.stringify({ action: "reserve", request: asked, lines, note: turn % 2 ? "please wrap, it is a present — merci" : null }));
    if (turn % 3 === 0) ask(picture(random, 300 + 40 * turn, turn % 2 === 0), { compress: turn % 2 === 1 });
    if (turn === 4) ask(JSON.stringify({ action: "fly", request: asked }), { compress: false });
    if (turn === 5) ask("{}".padEnd(60, " "));
    await pause(15);
  }
  while (answers < asked) await pause(10);
  await new Promise((resolve) => {
    connection.once("close", resolve);
    if (number % 2) connection.close(1000, "done");
    else connection.close(); // a close frame without a status code
  });
}

async function visitAll() {
  const visits = Object.entries(SETTINGS).map(async ([path, [, deflate]], index) => {
    await pause(index * 30);
    await visit(path, deflate, index + 1);
  });
  await Promise.all(visits);
  await visit("/inventory", false, 9); // the server would, the client does not offer
}

logAs(process.argv[2]);
await (process.argv[2] === "server" ? serve() : visitAll());
