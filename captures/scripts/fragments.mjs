// Fragmented and binary messages, control frames between fragments, empty messages and fragments, and lengths at the
// boundaries of the frame header, with and without deflate, over a wire on which a packet holds at most 1500 bytes.

import { WebSocket, WebSocketServer } from "ws";
import { logAs, pause, randomFrom, untilTold } from "./logged_ws.mjs";

const PORT = 8096;
const HOST = "10.96.0.1";
const BOUNDARIES = [0, 1, 125, 126, 127, 65535, 65536];

// Text of exactly `length` bytes that holds characters of one to four bytes.
function text(length) {
  const pattern = "line é 日本 🙂 ";
  const bytes = Buffer.from(pattern.repeat(Math.ceil(length / 20) + 1));
  let end = length;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1; // never inside a character
  return bytes.subarray(0, end).toString() + ".".repeat(length - end);
}

function bytes(random, length, values = 256) {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * values)));
}

function sendFragmented(connection, parts, between = () => {}) {
  parts.forEach((part, index) => {
    connection.send(part, { fin: index === parts.length - 1, binary: typeof parts[0] !== "string" });
    if (index < parts.length - 1) between(index);
  });
}

async function serve() {
  const server = new WebSocketServer({ port: PORT, host: HOST, perMessageDeflate: { threshold: 0 } }, () => console.log("ready"));
  server.on("connection", (connection) => {
    const random = randomFrom(96);
    connection.on("message", (data, binary) => {
      if (binary && data.length === 200000) {
        sendFragmented(connection, [data.subarray(0, 20000), data.subarray(20000, 20000), data.subarray(20000, 30001)], () => connection.ping("between"));
      } else if (binary) {
        connection.send(data, { binary: true });
      } else if (data.length > 10 && data.length < 60000) {
        const half = Math.floor(data.length / 2);
        sendFragmented(connection, [bytes(random, 10), bytes(random, half), bytes(random, 0), bytes(random, 1)], (index) => {
          if (index === 1) connection.ping();
        });
      } else {
        connection.send(data.toString());
      }
    });
  });
  await untilTold();
  process.exit(0);
}

async function visit(path, perMessageDeflate) {
  const random = randomFrom(path.length);
  const connection = new WebSocket(`ws://${HOST}:${PORT}${path}`, { perMessageDeflate });
  let answers = 0;
  connection.on("message", () => (answers += 1));
  await new Promise((resolve) => connection.once("open", resolve));
  let asked = 0;
  const next = async () => {
    asked += 1;
    while (answers < asked) await pause(5);
  };
  for (const length of BOUNDARIES) {
    // Half of them at a time: both kinds at each boundary, over the two connections.
    const asText = (length % 2 === 1) === (perMessageDeflate !== false);
    connection.send(asText ? text(length) : bytes(random, length, perMessageDeflate === false ? 256 : 9));
    await next();
  }
  const sentence = text(900);
  sendFragmented(connection, [sentence.slice(0, 100), sentence.slice(100, 101), "", sentence.slice(101)], () => connection.ping("still here"));
  await next();
  sendFragmented(connection, ["", "", ""]);
  await next();
  sendFragmented(connection, Array.from({ length: 20 }, (_, index) => Buffer.from([index])));
  await next();
  if (perMessageDeflate === false) {
    connection.send(bytes(random, 200000));
    await next();
  } else {
    connection.send(Buffer.alloc(200000, "two hundred thousand bytes that deflate well, ")); // a long message in a short frame
    await next();
  }
  connection.ping(Buffer.alloc(125, "p")); // the longest that a control frame may be
  await pause(50);
  connection.close(1000, "end of ".padEnd(123, "."));
  await new Promise((resolve) => connection.once("close", resolve));
}

logAs(process.argv[2]);
if (process.argv[2] === "server") {
  await serve();
} else {
  await visit("/files/plain", false);
  await visit("/files/deflate", { threshold: 0 });
}
