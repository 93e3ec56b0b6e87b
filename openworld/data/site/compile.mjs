// Compiles what a question imports, with the Python that the page has. Node runs it while the site is written.
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const ARCHIVES = { "solver.zip": "/lib/ours", "openworld.zip": "/lib/ours", "python_stdlib.zip": "/lib/python314.zip" };

async function compile(run, program, property, configuration) {
  const { loadPyodide } = await import(pathToFileURL(`${run}/pyodide.js`).href);
  const python = await loadPyodide({ indexURL: `${run}/` });
  const read = (name) => new Uint8Array(fs.readFileSync(`${run}/${name}`));
  for (const name of ["solver.zip", "openworld.zip"]) python.unpackArchive(read(name), "zip", { extractDir: ARCHIVES[name] });
  python.runPython(`import sys; sys.path.insert(0, "${ARCHIVES["openworld.zip"]}")`);
  const answer = python.pyimport("openworld.site.answer"), model = answer.model_with("/lib/ours/drafts");
  for (const kind of ["verdict", "assumptions", "result"]) answer.answered(kind, property, configuration, model);
  answer.answered("serves", "https://mcp.example/mcp", '{"resource": "", "server": ""}', model);
  python.runPython(fs.readFileSync(program, "utf8"));
  for (const [name, home] of Object.entries(ARCHIVES)) {
    python.FS.writeFile("/tmp/archive.zip", read(name));
    python.globals.get("compiled")("/tmp/archive.zip", home);
    fs.writeFileSync(`${run}/${name}`, python.FS.readFile("/tmp/archive.zip"));
  }
}

compile(...process.argv.slice(2)).catch((error) => {
  console.error(`Error: ${String(error?.message ?? error).trim().split("\n").pop()}`);
  process.exit(1);
});
