// Paths of AsyncAPI documents in; what the official parser has to say of them out, one JSON object a line.
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

async function main(paths) {
  const parser = new Parser();
  for (const path of paths) {
    const { document, diagnostics } = await parser.parse(readFileSync(path, "utf8"));
    const found = diagnostics.map(({ severity, code, path, message }) => ({ severity, code, path: path.join("."), message }));
    const channels = document ? document.channels().all().map((channel) => channel.id()) : null;
    const operations = document
      ? document.operations().all().map((operation) => [operation.id(), operation.action(), operation.messages().all().length])
      : null;
    console.log(JSON.stringify({ path, diagnostics: found, channels, operations }));
  }
}

main(process.argv.slice(2));
