// Turns the scripts, styles and pictures of this folder into what web/static/ serves: bundled, small, compressed, named
// by their content, so that a browser may keep each of them for ever. manifest.json says which name became which.
// What lies in this folder is for pages to ask for; parts of it lie in folders of their own.

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const STATIC = join(HERE, "..", "web", "static");
const ENTRY = /\.(css|js|svg)$/;
const BROWSERS = ["chrome87", "firefox78", "safari15"]; // what an office's computers have is often years old
const LICENCES = "licences.txt";
const UNUSED = [
  ...["@bpmn-io/feel-editor", "@bpmn-io/feelers-editor", "@bpmn-io/extract-process-variables/zeebe", "@bpmn-io/extract-process-variables", "array-move"],
  ...["view", "state", "language", "autocomplete", "commands", "lang-json", "lint"].map((part) => `@codemirror/${part}`),
]; // of the properties panel: editors and providers of other engines, which nothing here opens

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

async function main() {
  const entries = (await readdir(HERE)).filter((name) => ENTRY.test(name));
  const { outputFiles, metafile } = await build({
    absWorkingDir: HERE,
    entryPoints: entries,
    outdir: STATIC,
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: BROWSERS,
    charset: "utf8",
    legalComments: "none", // licences.txt has them whole
    alias: Object.fromEntries(UNUSED.map((name) => [name, "./modeller/nothing.js"])),
    loader: { ".svg": "copy", ".woff2": "dataurl", ".woff": "empty", ".ttf": "empty", ".eot": "empty" }, // one font of four
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const manifest = { ...hashed(metafile), [LICENCES]: LICENCES };
  await mkdir(STATIC, { recursive: true });
  await Promise.all(outputFiles.map(({ path, contents }) => keep(basename(path), contents)));
  await keep(LICENCES, Buffer.from(await licences(metafile)));
  await announce(manifest);
  await forget(manifest);
  for (const { path, contents } of outputFiles) console.error(`${basename(path)}: ${Math.ceil(contents.length / 1024)} KiB`);
}

// The name that pages ask for → the name of the file. A script's styles go by the script's name, and what a style
// refers to by the name it has.
function hashed({ outputs }) {
  const names = {};
  const styles = new Set(Object.values(outputs).map((output) => output.cssBundle));
  for (const [path, output] of Object.entries(outputs)) {
    if (!styles.has(path)) names[output.entryPoint ?? basename(path)] = basename(path);
    if (output.cssBundle) names[output.entryPoint.replace(/\.js$/, ".css")] = basename(output.cssBundle);
  }
  return Object.fromEntries(Object.entries(names).sort());
}

async function keep(name, contents) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  await Promise.all([
    writeFile(join(STATIC, name), contents),
    writeFile(join(STATIC, `${name}.gz`), await zip(contents, { level: constants.Z_BEST_COMPRESSION })),
    writeFile(join(STATIC, `${name}.br`), await brotli(contents, quality)),
  ]);
}

// What the licences of bundled packages ask for: to go wherever their code goes.
async function licences({ inputs }) {
  const folders = new Set();
  for (const path of Object.keys(inputs)) {
    const [folder] = path.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/) ?? [];
    if (folder) folders.add(folder);
  }
  const texts = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(HERE, folder, "package.json"), "utf8"));
    const file = (await readdir(join(HERE, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(HERE, folder, file), "utf8") : "";
    texts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

// In one step, after the files: a running server never reads a name whose file is not there yet.
async function announce(manifest) {
  const path = join(STATIC, "manifest.json");
  await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

async function forget(manifest) {
  const names = Object.values(manifest).flatMap((name) => [name, `${name}.gz`, `${name}.br`]);
  const wanted = new Set(["manifest.json", ...names]);
  const old = (await readdir(STATIC)).filter((name) => !wanted.has(name));
  await Promise.all(old.map((name) => rm(join(STATIC, name), { recursive: true })));
}

try {
  await main();
} catch (error) {
  if (!error.errors) throw error; // esbuild has shown what is wrong, and where
  process.exitCode = 1;
}
