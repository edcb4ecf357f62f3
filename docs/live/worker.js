// Python with wasmz, away from the page's own thread: loads it, and passes on what the page asks (live.py).

import { loadPyodide } from "./pyodide/pyodide.mjs";

const here = new URL(".", import.meta.url);
// How large the files are of which most of the loading consists; python -m website build writes it.
const manifest = await (await fetch(new URL("manifest.json", here))).json();

const progress = (message, fraction) => postMessage({ type: "progress", message, fraction });

// Fetches what loadPyodide will ask for, into the browser's cache, so that there is progress to show.
async function load(name, done, all) {
  const response = await fetch(new URL(name, here));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  const pieces = [];
  const reader = response.body.getReader();
  for (;;) {
    const { done: isLast, value } = await reader.read();
    if (isLast) break;
    pieces.push(value);
    done += value.length;
    progress(`Loading Python: ${(done / 1e6).toFixed(1)} of ${(all / 1e6).toFixed(1)} MB`, (0.8 * done) / all);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

let answer;
try {
  const all = manifest.files.reduce((sum, [, size]) => sum + size, 0);
  const wheels = [];
  let done = 0;
  for (const [name, size] of manifest.files) {
    const data = await load(name, done, all);
    done += size;
    if (name.endsWith(".whl")) wheels.push(data);
  }
  progress("Starting Python ...", 0.85);
  const python = await loadPyodide({ indexURL: new URL("pyodide/", here).href });
  progress("Unpacking wasmz ...", 0.95);
  for (const wheel of wheels) python.unpackArchive(wheel, "wheel");
  const module = await (await fetch(new URL("live.py", here))).text();
  python.FS.writeFile("/home/pyodide/live.py", module);
  const live = python.pyimport("live");
  answer = (request, given) => {
    const converted = python.toPy(given);
    try {
      // Bytes arrive as a buffer.
      if (given.source instanceof Uint8Array) converted.set("source", python.globals.get("bytes")(converted.get("source")));
      return live.answer(request, converted);
    } finally {
      converted.destroy();
    }
  };
  postMessage({ type: "ready", versions: live.versions() });
} catch (error) {
  postMessage({ type: "failed", message: String(error) });
}

onmessage = ({ data: { id, request, given } }) => postMessage({ id, answer: answer(request, given) });
