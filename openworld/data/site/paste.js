// Metadata that somebody pastes, and which deployed clients get along with it: what `openworld serves` says.

export function paste(_, { at, element, known, answer }) {
  const say = (words) => { at("pasted").textContent = words; };
  at("documents").onsubmit = async (event) => {
    event.preventDefault();
    at("clients").replaceChildren();
    say("Asking the model…");
    const documents = Object.fromEntries(["resource", "server"].map((name) => [name, at(name).value]));
    try {
      const found = await answer("serves", { property: at("resource-url").value, text: JSON.stringify(documents) });
      if (found.error) return say(`${found.error}.`);
      const clients = Object.entries(found.clients), inside = clients.filter(([, end]) => end.stage === "A");
      say(`${inside.length} of ${clients.length} clients get in at ${found.url}. Nothing that you pasted has left this page.`);
      at("clients").replaceChildren(...changes(found, element), ...ends(found, clients, element, known));
    } catch (error) {
      say(`This browser cannot run the model (${error.message}); in a terminal: openworld serves FILE`);
    }
  };
}

// The smallest change that lets all clients in that can be let in.
function changes({ smallest_changes: [smallest], let_in: names, clients }, element) {
  if (!smallest) return [];
  const outside = Object.values(clients).filter(({ stage }) => stage !== "A" && stage !== "unknown").length;
  const said = ({ url, name, value }) => element("li", {}, element("code", {}, name ? `${name} = ${JSON.stringify(value)}` : JSON.stringify(value)), ` at ${url}`);
  return [element("h3", {}, `The smallest change that lets in ${names.length} of the ${outside} that are outside`), element("ul", {}, ...smallest.map(said))];
}

// Clients by how they end and by which rule; those that get in come first.
function ends({ stages }, clients, element, known) {
  const groups = new Map();
  for (const [name, end] of clients) {
    const key = `${end.stage} ${end.rule}`;
    if (!groups.has(key)) groups.set(key, { end, names: [] });
    groups.get(key).names.push(name);
  }
  const ordered = [...groups.values()].sort((one, other) => (other.end.stage === "A") - (one.end.stage === "A") || other.names.length - one.names.length);
  return ordered.flatMap(({ end, names }) => {
    const [requirement, source] = known.rules[end.rule] ?? ["", end.source];
    const about = end.about ? element("p", {}, `About ${end.about}.`) : "";
    const why = end.rule ? element("p", {}, `${requirement} [${source}] `, element("code", {}, end.rule)) : "";
    const title = stages[end.stage] ?? "not known, since nobody has said what is there";
    return [element("h3", {}, `${names.length}: ${title}`), why, about, element("p", {}, names.join(", "))];
  });
}
