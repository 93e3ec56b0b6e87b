import { compare } from "./compare.js";
import { paste } from "./paste.js";

// The page: a question in its controls and in the address, and the answer as it comes in.

const known = JSON.parse(document.getElementById("known").textContent);
const at = (id) => document.getElementById(id);
const byName = (list) => new Map(list.map((one) => [one.name, one]));
const designs = byName([...known.designs, ...known.clients]), properties = byName(known.properties), worlds = byName(known.worlds);
const switches = byName(known.switches), capabilities = byName(known.capabilities);
const phrases = new Map(known.switches.flatMap((one) => one.values.map(([value, said]) => [`${one.name}=${value}`, said])));
const environmental = new Set(known.environments.flatMap((one) => Object.keys(one.values)));

// --- the question -------------------------------------------------------------------------------------------
// A property and a configuration, which is text as everywhere: design, cap, world, then what is set beside the design.

export function read(text) {
  const asked = { property: "", design: "", cap: known.unnamed, world: "", set: new Map(), wrong: "" };
  const [property, ...rest] = text.split("/");
  asked.property = property;
  for (const pair of rest.join("/").split(";").filter((part) => part.trim())) {
    const [key, ...value] = pair.split("=").map((part) => part.trim()), said = value.join("=");
    if (key === "design") asked.design = released(said);
    else if (key === "world") asked.world = said;
    else if (key === "cap") asked.cap = said === "none" ? [] : [...new Set(said.split("+").flatMap((name) => known.called[name] ?? name))];
    else asked.set.set(key, said);
  }
  asked.wrong = fault(asked);
  return asked;
}

// A client without a version is its last one.
const released = (name) => known.formerly[name] ?? (designs.has(name) ? name : known.clients.findLast((one) => one.name.startsWith(`${name}==`))?.name ?? name);

export function configuration(asked) {
  const parts = asked.design ? [`design=${asked.design}`] : [];
  parts.push(`cap=${asked.cap.join("+") || "none"}`);
  if (asked.world) parts.push(`world=${asked.world}`);
  return [...parts, ...[...asked.set].map(([name, value]) => `${name}=${value}`)].join(";");
}

export const address = (asked) => `#${encodeURI(`${asked.property}/${configuration(asked)}`)}`;

function fault(asked) {
  const unknown = (kind, name, names) => `There is no ${kind} “${name}”; there are ${[...names.keys()].join(", ")}.`;
  if (!properties.has(asked.property)) return unknown("property", asked.property, properties);
  if (asked.design && !designs.has(asked.design)) return unknown("design", asked.design, designs);
  if (asked.world && !worlds.has(asked.world)) return unknown("world", asked.world, worlds);
  for (const name of asked.cap) if (!capabilities.has(name)) return unknown("capability", name, capabilities);
  for (const [key, value] of asked.set) {
    const one = switches.get(key.split(":").pop());
    if (!one) return `There is no switch “${key}” on which a verdict depends.`;
    if (!one.values.some(([name]) => name === value))
      return `Switch “${key}” is not “${value}”; it is one of ${one.values.map(([name]) => name).join(", ")}.`;
  }
  return "";
}

// What a switch is where nothing is said of it.
const designed = (asked, name) => designs.get(asked.design)?.changes[name] ?? switches.get(name).baseline;

function change(asked, name, value) {
  if (value === designed(asked, name)) asked.set.delete(name);
  else asked.set.set(name, value);
}

const same = (one, other) => [...one].sort().join("+") === [...other].sort().join("+");
const attackerOf = (asked) =>
  known.attackers.find((one) => same(one.capabilities.split("+").filter((name) => name !== "none"), asked.cap));

function environmentOf(asked) {
  const now = new Map([...asked.set].filter(([name]) => environmental.has(name)));
  return known.environments.find((one) => {
    const wanted = Object.entries(one.values).filter(([name, value]) => value !== designed(asked, name));
    return wanted.length === now.size && wanted.every(([name, value]) => now.get(name) === value);
  });
}

function inWords(asked) {
  const said = [designs.get(asked.design)?.words ?? (asked.design || "no named design, each switch at its default")];
  if (properties.get(asked.property)?.kind === "security")
    said.push(`the attacker ${attackerOf(asked)?.words ?? "can do " + asked.cap.join(", ")}`.replace("the attacker nobody", "nobody"));
  if (asked.world) said.push(`in world ${asked.world}`);
  for (const [key, value] of asked.set) said.push(ofSwitch(key, value));
  return said.join("; ");
}

function ofSwitch(key, value) {
  const [name, party] = key.split(":").reverse(), said = phrases.get(`${name}=${value}`) ?? `${name}=${value}`;
  return party ? `${party}: ${said}` : said;
}

// --- controls -----------------------------------------------------------------------------------------------

let asked = null;

function show() {
  const property = properties.get(asked.property);
  at("property").value = asked.property;
  at("design").value = asked.design;
  at("world").value = asked.world;
  at("attacker").value = attackerOf(asked)?.capabilities ?? "?";
  at("environment").value = environmentOf(asked)?.name ?? "?";
  for (const box of document.getElementsByName("capability")) box.checked = asked.cap.includes(box.value);
  for (const select of document.getElementsByName("switch")) {
    const name = select.dataset.switch;
    select.value = asked.set.get(name) ?? designed(asked, name);
    select.parentElement.classList.toggle("set", asked.set.has(name));
  }
  at("set").textContent = asked.set.size ? ` (${asked.set.size} set)` : "";
  at("text").value = configuration(asked);
  at("command").textContent = `openworld verdict ${asked.property} "${configuration(asked)}"`;
  at("changes").replaceChildren(...[...asked.set].map(([key, value]) => {
    const button = element("button", { type: "button", title: `${key}=${value}` }, `${ofSwitch(key, value)} ×`);
    button.setAttribute("aria-label", `Take back: ${ofSwitch(key, value)}`);
    button.onclick = () => { asked.set.delete(key); moved(); at("text").focus(); };
    return element("li", {}, button);
  }));
  at("asked").replaceChildren(element("strong", {}, property?.words ?? asked.property), `: ${inWords(asked)}`);
  at("about").href = property ? `property/${property.name}.html` : "all.html";
  document.title = `${property?.words ?? asked.property} – openworld`;
}

// The question has been changed by a control: the address follows.
function moved() {
  history.pushState(null, "", address(asked));
  turn();
}

const VIEWS = { diff: compare, serves: paste };

function turn() {
  const text = unescaped(location.hash.slice(1)), [view, ...rest] = text.split("/"), other = VIEWS[view];
  for (const name of Object.keys(VIEWS)) at(name).hidden = name !== view;
  at("question").hidden = at("answer").hidden = Boolean(other);
  if (other) {
    document.title = `${at(view).querySelector("h2").textContent} – openworld`;
    ++turned; next = null; clearInterval(clock);
    return other(rest, tools);
  }
  asked = read(unescaped(location.hash.slice(1)) || known.first);
  show();
  ask();
}

// Mail programs escape more than has to be, and cut where they like.
function unescaped(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

const changed = {
  property: (value) => { asked.property = value; },
  design: (value) => {
    asked.design = value;
    for (const [key, one] of asked.set) if (!key.includes(":")) change(asked, key, one);
  },
  attacker: (value) => { if (value !== "?") asked.cap = value.split("+").filter((name) => name !== "none"); },
  world: (value) => { asked.world = value; },
  environment: (value) => {
    if (value === "?") return;
    for (const name of environmental) asked.set.delete(name);
    const chosen = known.environments.find((one) => one.name === value).values;
    for (const [name, one] of Object.entries(chosen)) change(asked, name, one);
  },
  text: (value) => { asked = read(`${asked.property}/${value}`); },
};

at("question").addEventListener("change", ({ target }) => {
  if (target.name === "capability")
    asked.cap = [...document.getElementsByName("capability")].filter((box) => box.checked).map((box) => box.value);
  else if (target.name === "switch") change(asked, target.dataset.switch, target.value);
  else if (target.id in changed) changed[target.id](target.value);
  else return;
  moved();
});
at("question").addEventListener("submit", (event) => { event.preventDefault(); at("text").blur(); });
at("find").addEventListener("input", ({ target }) => {
  const wanted = target.value.toLowerCase();
  for (const select of document.getElementsByName("switch"))
    select.parentElement.hidden = !select.parentElement.textContent.toLowerCase().includes(wanted);
});
at("copy").onclick = async ({ target }) => {
  try {
    await navigator.clipboard.writeText(location.href);
    target.textContent = "Copied";
  } catch {
    target.textContent = "The address bar has it";
  }
};
document.querySelector(".skip").onclick = (event) => { event.preventDefault(); at("answer").focus(); };
addEventListener("hashchange", turn);
addEventListener("popstate", turn);

// --- who answers --------------------------------------------------------------------------------------------
// One question at a time; one that is no longer asked is let go after a moment, and its worker with it.

const MOMENT = 2000, IDLE = 700;
let worker = null, ready = false, broken = "", running = null, next = null, count = 0, resting = 0;

function engine() {
  if (worker || broken) return;
  if (typeof WebAssembly !== "object" || typeof Worker !== "function") return fail("it has no WebAssembly");
  worker = new Worker("worker.js", { type: "module" });
  worker.onerror = (event) => fail(event.message || "its worker does not start");
  worker.onmessage = ({ data }) => {
    if (data.failed && data.id === undefined) return fail(data.failed);
    if (data.ready) ready = true;
    const done = running && data.id === running.id ? running : null;
    if (done) {
      running = null;
      clearTimeout(done.timer);
      if (data.failed) { stop(); done.failed(data.failed); } else done.then(data.answer);
    }
    proceed();
  };
}

function stop() {
  worker?.terminate();
  worker = null; ready = false; running = null;
}

function fail(reason) {
  stop();
  broken = reason;
  next?.failed(reason);
  next = null;
}

function request(kind, question, then, failed) {
  if (broken) return failed(broken);
  next = { id: ++count, kind, question, then, failed, since: performance.now() };
  engine();
  proceed();
}

function proceed() {
  if (!worker) engine();
  if (!ready || !next) return;
  if (running) {
    // What runs is of another question.
    const left = MOMENT - (performance.now() - running.since);
    if (left > 0) { clearTimeout(resting); resting = setTimeout(proceed, left); return; }
    stop();
    engine();
    return;
  }
  running = next;
  next = null;
  running.since = performance.now();
  const { property } = running.question;
  const text = running.question.text ?? configuration(running.question);
  worker.postMessage({ id: running.id, kind: running.kind, property, configuration: text });
}

// The same as a promise; a question is of the page, or a property and a text.
const answer = (kind, question) => new Promise((then, failed) => { request(kind, question, then, (reason) => failed(new Error(reason))); });

// --- the answer ---------------------------------------------------------------------------------------------

const files = new Map();
let turned = 0, clock = 0;

async function ask() {
  const mine = ++turned, question = asked, current = () => mine === turned;
  next = null;
  clearInterval(clock);
  at("body").replaceChildren();
  if (question.wrong) return headline("unknown", "No such question", question.wrong);
  headline("", "…", "");
  const before = await beforehand(question);
  if (!current()) return;
  if (before) present(question, before);
  const began = performance.now(), loads = !ready;
  const waits = () => status(before ? "Known beforehand." : ready ? `Asking the model… ${seconds(began)}` : `Loading the model… ${seconds(began)}`);
  waits();
  clock = setInterval(waits, 500);
  const failed = (reason) => { if (current()) { clearInterval(clock); unable(before, reason); } };
  request("verdict", question, (found) => {
    if (!current()) return;
    clearInterval(clock);
    if (found.error) return headline("unknown", "No such question", found.error);
    status(`Answered here in ${seconds(began)}${loads ? ", with loading" : ""}.`);
    present(question, { ...found, assumptions: before?.assumptions });
    if (before?.assumptions || found.result === "unknown") return;
    setTimeout(() => {
      if (!current()) return;
      request("assumptions", question, (weakest) => { if (current()) assume(weakest, question); },
        () => { if (current()) assume({ error: "not found out" }, question); });
    }, IDLE);
  }, failed);
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const status = (said) => { at("status").textContent = said; };

function headline(result, said, below) {
  const marks = { attack: "✗ ", not_reached: "✗ ", safe: "✓ ", reached: "✓ ", not_in_this_world: "– ", unknown: "? " };
  at("outcome").className = result;
  at("outcome").textContent = (marks[result] ?? "") + said;
  status(below);
}

// The browser cannot run the model: what was found beforehand is all there is.
function unable(before, reason) {
  if (!before) headline("unknown", "Not known here", "");
  status("");
  at("body").prepend(element("p", { className: "note", id: "unable" },
    `This browser cannot run the model (${reason}). `,
    before ? "This answer was found beforehand." : "Answers to common questions, the named designs under the named attackers, are here all the same; others a terminal gives: ",
    before ? "" : element("code", {}, at("command").textContent)));
}

function fileOf(design) {
  if (!files.has(design)) files.set(design, fetch(`answers/${design}.json.gz`).then((got) => got.arrayBuffer()).then(unpacked));
  return files.get(design);
}

// Some file servers say that a .gz is packed, so that the browser has unpacked it.
async function unpacked(bytes) {
  const packed = new Uint8Array(bytes)[0] === 0x1f;
  return new Response(packed ? new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")) : bytes).json();
}

// The answer that the page has beforehand: of a named design under a named attacker, with nothing else set.
async function beforehand(question) {
  const attacker = attackerOf(question);
  if (question.world || question.set.size || !known.known.includes(question.design) || !attacker) return null;
  const utility = properties.get(question.property).kind === "utility";
  try {
    const { answers, texts } = await fileOf(question.design);
    const found = answers[utility ? "none" : attacker.capabilities]?.[question.property];
    return found ? { ...found, reach: texts[found.reach], chart: texts[found.chart] } : null;
  } catch {
    files.delete(question.design);
    return null;
  }
}

function present(question, found) {
  const harm = found.result === "attack" ? `: ${properties.get(question.property).harm}` : "";
  headline(found.result, found.outcome + harm, at("status").textContent);
  const parts = [];
  if (found.reason) parts.push(element("p", {}, found.reason));
  if (found.blocked_by.length) parts.push(...blocking(found));
  if (found.chart) parts.push(...run(question, found));
  parts.push(element("div", { id: "assumptions" }), element("p", {}, element("small", {}, `Reach: ${found.reach}.`)));
  at("body").replaceChildren(...parts);
  if (found.assumptions) assume(found.assumptions, question);
  else if (found.live) at("assumptions").replaceChildren(
    element("h3", {}, "Weakest assumptions about others"), element("p", {}, "Looking…"));
}

function blocking(found) {
  const item = (name) => {
    const [requirement, source] = known.rules[name] ?? ["", ""];
    return element("li", {}, `${requirement} [${source}] `, element("code", {}, name));
  };
  const title = found.minimal ? "Blocked by these rules: without any one of them the model has such a run" : "Blocked by these rules; fewer may do";
  return [element("h3", {}, title), element("ul", {}, ...found.blocked_by.map(item))];
}

function assume(found, question) {
  const utility = properties.get(question.property).kind === "utility";
  const of = (set, or, and) => Object.entries(set).map(([name, values]) => values.map((value) => ofSwitch(name, value)).join(" or ")).join(and) || or;
  const lists = (sets, and) => element("ul", {}, ...sets.map((set) => element("li", {}, of(set, "whatever others do", and))));
  const parts = [element("h3", {}, "Weakest assumptions about others")];
  const say = (...words) => parts.push(element("p", {}, ...words));
  if (found.error) say(`Not known: ${found.error}.`);
  else if (found.holds === "always") say(utility ? "Reached whatever others do." : "It holds whatever others do.");
  else if (found.holds === "never") say(utility ? "Reached in no environment." : "It holds in no environment in which honest parties can finish.");
  else if (found.holds === "not_in_this_world") say("Nothing in this world could violate it, or nobody can use the design: that is no merit.");
  else {
    say(utility ? "It is reached if all of this is so:" : found.sets.length > 1 ? "It holds if one of these is so, each enough by itself:" : "It holds if:");
    parts.push(lists(found.sets, utility ? ", or " : "; "));
  }
  if (found.not_where?.length) {
    const more = element("details", {}, element("summary", {}, `An attack is possible where (${found.not_where.length})`), lists(found.not_where, "; "));
    parts.push(more);
  }
  at("assumptions")?.replaceChildren(...parts);
}

// --- a run --------------------------------------------------------------------------------------------------

let view = "";

function run(question, found) {
  const drawn = { text: () => element("pre", {}, found.chart) };
  if (found.svg) Object.assign(drawn, { picture: () => picture(found.svg), list: () => list(found.messages) });
  const title = properties.get(question.property).kind === "security" ? "The attack" : "The run";
  const box = element("div", { className: "run", tabIndex: 0 });
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `${title}, step by step`);
  const names = { picture: "picture", list: "list", text: "text" };
  const choice = Object.keys(names).filter((name) => drawn[name]).map((name) => {
    const button = element("input", { type: "radio", name: "view", value: name });
    button.onchange = () => { view = name; draw(); };
    return element("label", {}, button, ` ${names[name]}`);
  });
  const steps = found.ends?.length ?? 0, said = element("output", {});
  const range = element("input", { type: "range", min: 1, max: Math.max(1, steps), value: steps });
  const stepping = element("label", { id: "stepping" }, "up to step ", range, " ", said);
  const cover = () => {
    const step = Number(range.value);
    said.textContent = `${step} of ${steps}`;
    stepped(box, step, found);
    state(held, step, found);
  };
  const held = element("section", { id: "holdings" });
  held.setAttribute("aria-label", "Who holds what at this step");
  const draw = () => {
    const wanted = view || (matchMedia("(min-width: 48rem)").matches ? "picture" : "list"), name = drawn[wanted] ? wanted : "text";
    for (const { firstChild } of choice) firstChild.checked = firstChild.value === name;
    box.replaceChildren(drawn[name]());
    stepping.hidden = name === "text";
    if (steps) cover();
  };
  range.oninput = cover;
  const bar = element("fieldset", { className: "views" }, ...(choice.length > 1 ? choice : []), ...(steps ? [stepping] : []));
  bar.setAttribute("aria-label", "How the run is shown");
  draw();
  return [element("h3", {}, title), bar, box, held];
}

function picture(svg) {
  return document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);
}

function list(messages) {
  return element("ol", {}, ...messages.map((sent, place) => {
    const first = place === 0 || messages[place - 1].step !== sent.step;
    const line = element("li", { className: `${sent.honest ? "" : "theirs"} ${sent.decisive ? "decisive" : ""}` },
      element("strong", {}, `${first ? `${sent.step}. ` : ""}${sent.from} → ${sent.to}: `), sent.label,
      sent.session ? ` [${sent.session}]` : "", sent.honest ? "" : " (the attacker’s doing)", sent.note ? ` (${sent.note})` : "");
    const values = sent.values.map(([name, text, whose]) => {
      const more = { attacker: " (the attacker’s)", leaked: " (reaches the attacker)" }[whose] ?? "";
      return element("div", { className: whose }, element("dt", {}, name), element("dd", {}, text + more));
    });
    if (values.length) line.append(element("dl", {}, ...values));
    line.dataset.step = sent.step;
    return line;
  }));
}

// What each party holds and believes after a step; what the step changed stands out, and is read aloud.
function state(held, step, found) {
  const after = found.holdings?.[step - 1];
  if (!after) return held.replaceChildren();
  const mark = (isNew) => (isNew ? [element("strong", { className: "new" }, "new"), " "] : []);
  const parties = Object.entries(after).map(([who, has]) => element("details", { open: has.some((each) => each[2]) },
    element("summary", {}, who),
    element("dl", {}, ...has.map(([what, value, isNew]) => element("div", { className: isNew ? "changed" : "" },
      element("dt", {}, ...mark(isNew), what), element("dd", {}, value || "yes"))))));
  const changed = Object.entries(after).flatMap(([who, has]) =>
    has.filter((each) => each[2]).map(([what, value]) => `${who}: ${what} = ${value || "yes"}`));
  const said = held.querySelector("[aria-live]") ?? element("p", { className: "visually-hidden" });
  said.setAttribute("aria-live", "polite");
  held.replaceChildren(element("h3", {}, `Who holds what after step ${step}`), said, element("div", { className: "parties" }, ...parties));
  said.textContent = `Step ${step}. ${changed.join(". ") || "Nobody holds anything new"}.`;
}

// What comes after a step is veiled.
function stepped(box, step, found) {
  for (const line of box.querySelectorAll("li")) line.classList.toggle("later", Number(line.dataset.step) > step);
  const svg = box.querySelector("svg");
  svg?.querySelector(".cover")?.remove();
  if (!svg || step >= found.ends.length) return;
  const cover = document.createElementNS("http://www.w3.org/2000/svg", "rect"), top = found.ends[step - 1];
  const room = { class: "cover", x: 0, y: top, width: "100%", height: svg.viewBox.baseVal.height - top, fill: "#fff", "fill-opacity": 0.85 };
  for (const [name, value] of Object.entries(room)) cover.setAttribute(name, value);
  svg.append(cover);
}

function element(name, attributes, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

const tools = { known, properties, designs, read, configuration, address, inWords, ofSwitch, beforehand, answer, element, picture, at };

// Who follows a link comes for the answer.
if (location.hash && matchMedia("(max-width: 63.99rem)").matches) at("asked").scrollIntoView();
turn();
