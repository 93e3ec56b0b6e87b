// Runs the model: Python in WebAssembly, away from the page, which stays quick.
import { loadPyodide } from "./run/pyodide.js";

const here = new URL("run/", import.meta.url).href;

async function start() {
  const [python, solver, model] = await Promise.all([
    loadPyodide({ indexURL: here }),
    ...["solver.zip", "openworld.zip"].map((name) => fetch(here + name).then(content)),
  ]);
  python.unpackArchive(solver, "zip", { extractDir: "/lib/ours" });
  python.unpackArchive(model, "zip", { extractDir: "/lib/ours" });
  python.runPython("import sys; sys.path.insert(0, '/lib/ours')");
  const answer = python.pyimport("openworld.site.answer");
  return { answer, model: answer.model_with("/lib/ours/drafts") };
}

function content(reply) {
  if (!reply.ok) throw new Error(`${reply.url}: ${reply.status}`);
  return reply.arrayBuffer();
}

// Not all that fails in there fails what waits for it.
addEventListener("unhandledrejection", ({ reason }) => postMessage({ failed: said(reason) }));
const started = start();
started.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: said(error) }));

onmessage = async ({ data }) => {
  const { answer, model } = await started;
  try {
    const found = answer.answered(data.kind, data.property, data.configuration, model);
    postMessage({ id: data.id, answer: JSON.parse(found) });
  } catch (error) {
    postMessage({ id: data.id, failed: said(error) });
  }
};

// Of what Python says the last line, which says what it was.
function said(error) {
  return String(error?.message ?? error).trim().split("\n").pop();
}
