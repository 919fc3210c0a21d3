// What quicktype makes of JSON texts, a line each: node schema_quicktype.mjs NODE_MODULES FILE [schema].
// Out: the CPU seconds that it took, as schema_run.py says them; with `schema`, the JSON Schema.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, file, wanted] = process.argv.slice(2);
const { quicktype, InputData, jsonInputForTargetLanguage } = createRequire(modules + "/")("quicktype-core");
const samples = readFileSync(file, "utf8").split("\n").filter((line) => line);
const began = process.cpuUsage();
const input = jsonInputForTargetLanguage("schema");
await input.addSource({ name: "Message", samples });
const data = new InputData();
data.addInput(input);
const { lines } = await quicktype({ inputData: data, lang: "schema" });
const used = process.cpuUsage(began);
const cost = { messages: samples.length, seconds: (used.user + used.system) / 1e6 };
console.log(wanted === "schema" ? lines.join("\n") : JSON.stringify(cost));
