// The same messages by quicktype: node schema_quicktype.mjs NODE_MODULES FILE. Out: as schema_run.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, file] = process.argv.slice(2);
const { quicktype, InputData, jsonInputForTargetLanguage } = createRequire(modules + "/")("quicktype-core");
const samples = readFileSync(file, "utf8").split("\n").filter((line) => line);
const began = process.cpuUsage();
const input = jsonInputForTargetLanguage("schema");
await input.addSource({ name: "Message", samples });
const data = new InputData();
data.addInput(input);
await quicktype({ inputData: data, lang: "schema" });
const used = process.cpuUsage(began);
console.log(JSON.stringify({ messages: samples.length, seconds: (used.user + used.system) / 1e6 }));
