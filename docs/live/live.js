// The live page: the interface of docs/live.md, over Python in a worker (worker.js, live.py).

// The files of examples/, and what they show.
const EXAMPLES = {
  factorial: "Recursion",
  bytes: "A loop over memory",
  imports: "Functions of the host",
  hello: "A program (WASI)",
  structures: "Structures (GC)",
  trap: "A trap",
};
// After this many milliseconds of a request, the button that stops it appears.
const PATIENCE = 400;
// The page's own address: everything is fetched from beside it.
const here = new URL(".", import.meta.url);

const at = (name) => document.getElementById(`live-${name}`);
const text = at("text");
let worker, ready, waiting, opened = null, file = null, number = 0;

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function say(message, fraction) {
  at("message").textContent = message;
  at("progress").hidden = fraction === undefined;
  if (fraction !== undefined) at("progress").value = fraction;
}

// Starts Python, or starts it again after it was stopped.
function start() {
  at("show").disabled = true;
  waiting = new Map();
  worker = new Worker(new URL("worker.js", here), { type: "module" });
  ready = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.type === "progress") say(data.message, data.fraction);
      else if (data.type === "failed") reject(new Error(data.message));
      else if (data.type === "ready") resolve(data.versions);
      else {
        waiting.get(data.id)?.(JSON.parse(data.answer));
        waiting.delete(data.id);
      }
    };
    worker.onerror = (event) => reject(new Error(event.message || "the worker could not be started"));
  });
  ready.then(
    (versions) => {
      say(versions);
      at("show").disabled = false;
      document.getElementById("live").dataset.state = "ready";
    },
    (error) => {
      say("Python could not be loaded.");
      showError({ title: "Python could not be loaded", message: error.message });
      document.getElementById("live").dataset.state = "failed";
    },
  );
}

async function ask(request, given) {
  await ready;
  const id = ++number;
  const patience = setTimeout(() => (at("stop").hidden = false), PATIENCE);
  try {
    return await new Promise((resolve) => {
      waiting.set(id, resolve);
      worker.postMessage({ id, request, given });
    });
  } finally {
    clearTimeout(patience);
    if (!waiting.size) at("stop").hidden = true;
  }
}

function stop() {
  worker.terminate();
  for (const resolve of waiting.values()) {
    resolve({ error: { title: "Stopped", message: "Python is started again; show the module to go on." } });
  }
  document.getElementById("live").dataset.state = "loading";
  opened = null;
  start();
}

// Errors

function showError(error) {
  const box = at("error");
  box.replaceChildren();
  box.hidden = !error;
  if (!error) return;
  box.append(make("strong", { textContent: error.title }));
  if (error.line) {
    const go = make("button", { type: "button", className: "live-link", textContent: `line ${error.line}, column ${error.column}` });
    go.onclick = () => select(error.line, error.column);
    box.append(": ", error.message, ", ", go);
    const before = error.source.slice(0, error.column - 1).replace(/[^\t]/g, " ");
    box.append(make("pre", { textContent: `${error.source}\n${before}^` }));
  } else if (error.message) {
    box.append(make("pre", { textContent: error.message }));
  }
}

// Puts the cursor of the text to a place in it.
function select(line, column) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
  text.focus();
  text.setSelectionRange(start, Math.min(start + 1, text.value.length));
  text.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(text).lineHeight));
}

// Modules

async function show() {
  await ready;
  say("Compiling ...");
  document.getElementById("live").dataset.state = "busy";
  const source = file ? file.data : text.value;
  const { value, error } = await ask("open", { source, level: Number(at("level").value), name: file?.name ?? null });
  showError(error);
  at("result").hidden = !value;
  opened = value ?? null;
  if (value) {
    if (file) text.value = value.text ?? `;; ${file.name} is shown below. Its text is too long for this box.`;
    const functions = value.functions.length === 1 ? "1 function" : `${value.functions.length} functions`;
    say(`${value.size.toLocaleString("en")} bytes, ${functions}`);
    showExports(value);
    at("log").textContent = "";
    const choice = at("function");
    choice.replaceChildren(...value.functions.map(({ index, name }) => make("option", { value: index, textContent: name })));
    if (value.functions.length) await showRows();
    else {
      at("rows").replaceChildren();
      at("header").textContent = "There are none.";
    }
  } else say("There is a mistake, see below.");
  document.getElementById("live").dataset.state = "ready";
}

async function showRows() {
  const { value, error } = await ask("rows", { index: Number(at("function").value) });
  if (error) return showError(error);
  at("header").textContent = value.header;
  const cell = (name, label, lines) => {
    const node = make("div", { className: `live-${name}`, role: "cell" });
    if (!lines.length) node.classList.add("live-empty");
    node.append(make("span", { className: "live-label", textContent: label }), make("pre", { textContent: lines.join("\n") }));
    return node;
  };
  const names = ["Offset", "WebAssembly", "IR", "Python bytecode"];
  const head = make("div", { className: "live-head", role: "row" });
  head.append(...names.map((name) => make("div", { role: "columnheader", textContent: name })));
  const rows = value.rows.map((row) => {
    const node = make("div", { className: "live-row", role: "row" });
    node.append(
      cell("offset", names[0], [row.offset]),
      cell("wasm", names[1], row.wasm),
      cell("ir", names[2], row.ir),
      cell("code", names[3], row.code),
    );
    return node;
  });
  at("rows").replaceChildren(head, ...rows);
  const remarks = value.left_out ? [...value.remarks, `${value.left_out} more rows are not shown`] : value.remarks;
  at("remarks").replaceChildren(...remarks.map((remark) => make("li", { textContent: remark })));
}

function showExports({ exports, imports }) {
  const functions = exports.filter(({ parameters }) => parameters);
  const others = exports.filter(({ parameters }) => !parameters);
  const nodes = functions.map(({ name, type, parameters }) => {
    const fields = parameters.map((parameter, index) => {
      const input = make("input", { size: 8, placeholder: "0", autocomplete: "off", spellcheck: false });
      input.setAttribute("aria-label", `${name}, argument ${index + 1}: ${parameter}`);
      input.title = parameter;
      return input;
    });
    const output = make("output", { className: "live-output" });
    const form = make("form", { className: "live-call" });
    form.append(make("code", { textContent: name }), " (");
    fields.forEach((field, index) => form.append(index ? ", " : "", field));
    form.append(") ", make("button", { type: "submit", className: "md-button", textContent: "Call" }), " ", output);
    form.title = type;
    form.onsubmit = async (event) => {
      event.preventDefault();
      output.textContent = "...";
      output.classList.remove("live-wrong");
      const { value, error } = await ask("call", { name, arguments: fields.map((field) => field.value) });
      output.classList.toggle("live-wrong", Boolean(error));
      output.textContent = value ? value.result : [error.title, error.message].filter(Boolean).join("\n");
      at("log").textContent += (value ?? error).output ?? "";
      at("log").scrollTop = at("log").scrollHeight;
    };
    return form;
  });
  const list = (title, items) =>
    items.length ? [make("p", {}, `${title}: `, ...items.flatMap((item, i) => [i ? ", " : "", make("code", { textContent: item })]))] : [];
  at("exports").replaceChildren(
    ...(functions.length ? nodes : [make("p", { textContent: "The module exports no function." })]),
    ...list("Also exported", others.map(({ name, type }) => `${name}: ${type}`)),
    ...list("Imported", imports),
  );
}

// Input

async function choose(name) {
  const response = await fetch(new URL(`examples/${name}.wat`, here));
  if (!response.ok) throw new Error(`examples/${name}.wat: ${response.status}`);
  file = null;
  text.value = await response.text();
  await show();
}

async function open(given) {
  if (!given) return;
  const data = new Uint8Array(await given.arrayBuffer());
  const isText = /\.(wat|wast)$/i.test(given.name);
  file = isText ? null : { name: given.name, data };
  if (isText) text.value = new TextDecoder().decode(data);
  await show();
}

at("bar").onsubmit = (event) => {
  event.preventDefault();
  show();
};
at("stop").onclick = stop;
at("level").onchange = show;
at("function").onchange = showRows;
at("example").onchange = () => choose(at("example").value);
at("file").onchange = () => open(at("file").files[0]);
text.oninput = () => (file = null);
text.onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) show();
};
const drop = document.getElementById("live");
drop.ondragover = (event) => {
  event.preventDefault();
  at("drop").classList.add("live-over");
};
drop.ondragleave = () => at("drop").classList.remove("live-over");
drop.ondrop = (event) => {
  event.preventDefault();
  at("drop").classList.remove("live-over");
  open(event.dataTransfer.files[0]);
};

document.getElementById("live").dataset.state = "loading";
at("example").replaceChildren(...Object.entries(EXAMPLES).map(([value, textContent]) => make("option", { value, textContent })));
start();
choose(Object.keys(EXAMPLES)[0]).catch((error) => showError({ title: "The example is not there", message: error.message }));
