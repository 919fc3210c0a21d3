// Connections of the Node library `ws` that write what they do to the application's log.
//
// The hooks sit on the public interface: send, ping, close, and the events that the library emits. They also see the
// connections that other libraries (socket.io, graphql-ws) make with `ws`. The lines are those of application_log.py.

import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { WebSocket } from "ws";

const file = process.env.APPLICATION_LOG;
const known = new WeakMap(); // connection -> {client, server, sending, closing}
let lines = 0;

function write(kind, fields) {
  lines += 1;
  const time_ns = Number((BigInt(Date.now()) * 1000000n).toString());
  appendFileSync(file, JSON.stringify({ kind, line: lines, time_ns, ...fields }) + "\n");
}

function endpoint(address, port) {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function bytesOf(data) {
  if (typeof data === "string") return Buffer.from(data);
  if (Array.isArray(data)) return Buffer.concat(data);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(String(data));
}

function contents(bytes) {
  return { length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

// Log as `client` or `server`, with the versions of what the program is made of besides ws.
export function logAs(by, { versions = {} } = {}) {
  const other = by === "client" ? "server" : "client";
  const direction = { sent: `${by}_to_${other}`, received: `${other}_to_${by}` };
  const { send, ping, close, emit } = WebSocket.prototype;

  function names(socket) {
    if (!known.has(socket)) {
      const { localAddress, localPort, remoteAddress, remotePort } = socket._socket;
      const local = endpoint(localAddress, localPort);
      const remote = endpoint(remoteAddress, remotePort);
      known.set(socket, by === "client" ? { client: local, server: remote } : { client: remote, server: local });
    }
    const { client, server } = known.get(socket);
    return { by, client, server };
  }

  WebSocket.prototype.send = function (data, options, callback) {
    if (this.readyState === WebSocket.OPEN) {
      const given = typeof options === "object" && options !== null ? options : {};
      const { client, server } = names(this);
      const state = known.get(this);
      state.sending ??= { parts: [], opcode: (given.binary ?? typeof data !== "string") ? "binary" : "text" };
      state.sending.parts.push(bytesOf(data));
      if (given.fin !== false) {
        const { parts, opcode } = state.sending;
        const fragments = parts.length > 1 ? parts.map((part) => part.length) : null;
        state.sending = null;
        write("message", { by, client, server, direction: direction.sent, opcode, fragments, ...contents(Buffer.concat(parts)) });
      }
    }
    return send.call(this, data, options, callback);
  };

  WebSocket.prototype.ping = function (data, mask, callback) {
    write("control", { ...names(this), direction: direction.sent, opcode: "ping", ...contents(bytesOf(data ?? "")) });
    return ping.call(this, data, mask, callback);
  };

  WebSocket.prototype.close = function (code, reason) {
    if (this.readyState === WebSocket.OPEN && !this._closeFrameReceived) {
      names(this);
      known.get(this).closing = by;
    }
    return close.call(this, code, reason);
  };

  WebSocket.prototype.emit = function (event, ...values) {
    if (event === "upgrade" || event === "unexpected-response") {
      const response = event === "upgrade" ? values[0] : values[1];
      const { localAddress, localPort, remoteAddress, remotePort } = response.socket;
      const client = endpoint(localAddress, localPort);
      const server = endpoint(remoteAddress, remotePort);
      known.set(this, { client, server });
      const { pathname, search } = new URL(this.url);
      write("handshake", {
        by,
        client,
        server,
        path: pathname + search,
        status_code: response.statusCode,
        subprotocol: response.headers["sec-websocket-protocol"] ?? null,
        extensions: response.headers["sec-websocket-extensions"] ?? null,
      });
    } else if (event === "message") {
      const [data, binary] = values;
      const opcode = binary ? "binary" : "text";
      write("message", { ...names(this), direction: direction.received, opcode, fragments: null, ...contents(bytesOf(data)) });
    } else if (event === "close" && known.has(this)) {
      const [status_code, reason] = values;
      const closed_by = known.get(this).closing ?? null;
      write("close", { ...names(this), status_code, reason: reason.toString(), closed_by });
    }
    return emit.call(this, event, ...values);
  };

  write("software", { by, client: "", server: "", versions: { node: process.versions.node, ...versions, ...versionsOf("ws") } });
}

// The versions of installed packages, by name.
export function versionsOf(...packages) {
  return Object.fromEntries(
    packages.map((name) => [name, JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url))).version]),
  );
}

// Resolves when this program is told to stop: at the first line, or the end, of standard input.
export function untilTold() {
  return new Promise((resolve) => {
    process.stdin.once("data", resolve);
    process.stdin.once("end", resolve);
  });
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Seeded random numbers in [0, 1), so that content is the same in every recording (mulberry32).
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
