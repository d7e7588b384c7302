// Reads an AsyncAPI document on standard input with the official parser; prints its diagnostics and operations as JSON.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const told = diagnostics.map(({ code, message, path, severity }) => ({ code, message, path: path.join("/"), severity }));
const operations = document ? document.operations().all().map((operation) => operation.id()) : null;
process.stdout.write(JSON.stringify({ diagnostics: told, operations }));
