// A delivery service on Socket.IO: namespaces, rooms, events with and without acknowledgement, binary attachments,
// a namespace that refuses, one client that starts with HTTP polling and upgrades, deflate above a threshold.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { logAs, pause, randomFrom, untilTold, versionsOf } from "./logged_ws.mjs";

const PORT = 8092;
const STREETS = ["Mill Lane", "Harbour Road", "Station Square", "Elm Street"];

async function serve() {
  const http = createServer();
  const server = new Server(http, { perMessageDeflate: { threshold: 400 }, pingInterval: 700, pingTimeout: 2000 });

  server.on("connection", (socket) => {
    socket.emit("hello", { service: "delivery", version: 4, features: ["orders", "tracking"] });
    socket.on("status", (answer) => answer({ ok: true, load: [0.2, 0.4, 0.1], queue: { waiting: 3, oldest: null } }));
  });

  server.of("/orders").on("connection", (socket) => {
    socket.on("order:create", (order, answer) => {
      const id = `o-${order.items.length}${order.customer.id}`;
      socket.join(`order ${id}`);
      answer({ id, eta_minutes: 20 + order.items.length, total: order.items.reduce((sum, item) => sum + item.price * item.count, 0) });
      server.of("/orders").emit("order:created", { id, area: order.address.street, items: order.items.length });
    });
    socket.on("order:rate", (id, stars, comment) => socket.emit("order:rated", id, stars, { thanks: true, comment: comment ?? null }));
    socket.on("photo", (about, bytes, answer) => {
      answer({ stored: bytes.length });
      socket.emit("thumbnail", { of: about.id, width: 8, height: 8 }, bytes.subarray(0, 64));
    });
  });

  server.of("/tracking").on("connection", (socket) => {
    socket.on("follow", (courier) => socket.join(courier));
    socket.on("position", (position) => server.of("/tracking").to(position.courier).emit("position", { ...position, seen: true }));
  });

  server.of("/admin").use((socket, next) => {
    const refusal = new Error("not an administrator");
    refusal.data = { code: "FORBIDDEN", roles: ["courier"] };
    next(refusal);
  });

  http.listen(PORT, "127.0.0.1", () => console.log("ready"));
  await untilTold();
  process.exit(0);
}

function connect(path, options = {}) {
  return io(`http://127.0.0.1:${PORT}${path}`, {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    perMessageDeflate: { threshold: 400 },
    ...options,
  });
}

const event = (socket, name) => new Promise((resolve) => socket.once(name, (...values) => resolve(values)));

// Customers come, order, send a picture, rate, and go.
async function customer(number, options) {
  const random = randomFrom(number);
  const socket = connect("/orders", options);
  await event(socket, "connect");
  if (options.transports?.includes("polling")) {
    const engine = socket.io.engine;
    if (engine.transport.name === "polling") await new Promise((resolve) => engine.once("upgrade", resolve));
  }
  for (let turn = 0; turn < 6; turn += 1) {
    const items = Array.from({ length: 1 + Math.floor(random() * (turn === 4 ? 12 : 3)) }, () => ({
      dish: ["soup", "curry", "bread", "salad"][Math.floor(random() * 4)],
      count: 1 + Math.floor(random() * 3),
      price: Math.round(random() * 1500) / 100,
      options: random() < 0.3 ? { spicy: true, without: ["onion"] } : {},
    }));
    const order = {
      customer: { id: 70 + number, name: ["Ada", "Bo", "Cy"][number % 3] },
      address: { street: STREETS[turn % 4], number: 1 + Math.floor(random() * 90) },
      items,
      paid: random() < 0.5,
    };
    const { id } = await socket.emitWithAck("order:create", order);
    if (turn % 2) socket.emit("order:rate", id, 1 + Math.floor(random() * 5), turn % 4 === 1 ? "fast and warm" : undefined);
    if (turn === 3) await socket.emitWithAck("photo", { id, kind: "door" }, Buffer.from(Array.from({ length: 900 }, (_, i) => (i * i) % 251)));
    await pause(120);
  }
  await pause(200);
  socket.disconnect();
}

// Two namespaces on one WebSocket: the courier's positions, and the service itself.
async function courier(name) {
  const socket = connect("/tracking");
  const service = socket.io.socket("/").connect();
  socket.emit("follow", name);
  for (let step = 0; step < 12; step += 1) {
    socket.emit("position", { courier: name, lat: 48.1 + step / 1000, lon: 11.5 - step / 900, speed: step % 3 ? 14.5 : null });
    if (step % 5 === 4) await service.emitWithAck("status");
    await pause(110);
  }
  socket.disconnect();
  await pause(50);
  service.disconnect();
}

async function stranger() {
  const socket = connect("/admin", { auth: { role: "courier" } });
  await event(socket, "connect_error");
  await pause(50);
  socket.io.engine.close();
}

async function visitAll() {
  const polling = { transports: ["polling", "websocket"] };
  await Promise.all([customer(1, {}), customer(2, polling), courier("van 3"), pause(300).then(() => courier("bike 8")), pause(500).then(stranger)]);
  await pause(200);
  process.exit(0);
}

logAs(process.argv[2], { versions: versionsOf("socket.io", "socket.io-client", "engine.io") });
await (process.argv[2] === "server" ? serve() : visitAll());
