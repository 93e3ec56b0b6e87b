// Two designs side by side: which verdicts differ, and the runs of one of them.

let turn = 0;

// `#diff/FIRST/SECOND`, and behind that the property and attacker of which both are shown.
export async function compare([first = "", second = "", property = "", cap = ""], tools) {
  const { at, element, known, read } = tools, mine = ++turn, current = () => mine === turn;
  const say = (words) => { at("differ").textContent = words; };
  at("first").value = first;
  at("second").value = second;
  at("sides").onsubmit = (event) => {
    event.preventDefault();
    location.hash = ["diff", at("first").value, at("second").value].map(encodeURI).join("/");
  };
  at("flips").replaceChildren();
  at("both").replaceChildren();
  const anything = known.properties[0].name;
  const sides = [first, second].map((text) => read(`${anything}/${text.includes("=") ? text : `design=${text}`}`));
  const wrong = sides.find((side) => side.wrong);
  if (wrong) return say(wrong.wrong);
  const fixed = [first, second].find((text) => text.includes("cap="));
  const whole = (side) => !side.world && !side.set.size && known.known.includes(side.design);
  const beforehand = sides.every(whole) && !fixed;
  const attackers = beforehand ? known.attackers.map((one) => one.capabilities) : [sides[fixed === second ? 1 : 0].cap.join("+") || "none"];
  const about = (side, name, able) => ({ ...side, property: name, cap: able === "none" ? [] : able.split("+") });
  const cells = known.properties.flatMap(({ name, kind }) =>
    (kind === "security" ? attackers : ["none"]).map((able) => ({ name, able, kind })));
  const found = [];
  let failed = "";
  for (const [place, cell] of cells.entries()) {
    const pair = [];
    for (const side of sides) {
      const question = about(side, cell.name, cell.able), before = whole(side) ? await tools.beforehand(question) : null;
      if (!current()) return;
      try {
        if (before || !beforehand) pair.push(before ?? await tools.answer("result", question));
      } catch (error) { failed = error.message; }
      if (!current()) return;
    }
    if (pair.length === 2) found.push({ ...cell, pair });
    if (failed) break;
    if (!beforehand) say(`Asking the model: ${place + 1} of ${cells.length} questions…`);
    if (!beforehand || place + 1 === cells.length) at("flips").replaceChildren(table(grouped(found), sides, show, tools));
  }
  const differ = grouped(found);
  const many = (sign) => differ.filter((row) => row.sign === sign).length, open = found.filter(({ pair }) => pair.some(({ result }) => result === "unknown" || !result)).length;
  say(failed ? `This browser cannot run the model (${failed}); in a terminal: openworld diff "${first}" "${second}"`
    : `${differ.length} differences in ${found.length} questions to each; the second is better in ${many("better")}, worse in ${many("worse")}.`
      + (many("shows nothing") ? ` Rows that show nothing, as one of the two cannot be violated there: ${many("shows nothing")}.` : "")
      + (open ? ` Not known: ${open}.` : ""));
  if (property) await show(property, cap);

  async function show(name, able) {
    const box = at("both"), path = ["diff", first, second, name, able].map(encodeURI).join("/");
    history.replaceState(null, "", `#${path}`);
    box.replaceChildren(...await Promise.all(sides.map((side) => seen(about(side, name, able)))));
    if (current()) box.scrollIntoView();
    for (const [place, side] of sides.entries()) {
      const question = about(side, name, able);
      try {
        const live = await tools.answer("verdict", question);
        if (current()) box.children[place].replaceWith(drawn(question, live));
      } catch { return; }
    }
  }

  async function seen(question) {
    return drawn(question, whole(question) ? await tools.beforehand(question) : null);
  }

  // One of the two: the answer, and its run as a picture, or as text where that is all there is.
  function drawn(question, answer) {
    const run = element("div", { className: "run", tabIndex: 0 }), words = tools.properties.get(question.property).words;
    run.setAttribute("role", "region");
    run.setAttribute("aria-label", `Run of ${tools.inWords(question)}`);
    if (answer?.svg) run.append(tools.picture(answer.svg));
    else if (answer?.chart) run.append(element("pre", {}, answer.chart));
    else run.append(element("p", {}, answer ? "No such run exists, or none was found." : "Asking the model…"));
    return element("article", {}, element("h3", {}, `${words}: ${tools.inWords(question)}`),
      element("p", { className: `outcome ${answer?.result ?? ""}` }, answer?.outcome ?? answer?.error ?? "…"),
      element("p", {}, element("a", { href: tools.address(question) }, "Open this question")), run);
  }
}

const happens = ({ result }) => result === "attack" || result === "reached";

// What differs, with all attackers of whom the same is so; what is not known is no difference, and what cannot be
// violated under one of the two shows nothing.
function grouped(found) {
  const rows = new Map();
  for (const { name, able, kind, pair } of found) {
    if (happens(pair[0]) === happens(pair[1]) || pair.some(({ result }) => !result || result === "unknown")) continue;
    const key = `${name} ${pair.map(({ result }) => result).join(" ")}`;
    const better = happens(pair[1]) === (kind === "utility") ? "better" : "worse";
    const sign = pair.some(({ result }) => result === "not_in_this_world") ? "shows nothing" : better;
    if (!rows.has(key)) rows.set(key, { name, pair, ables: [], sign });
    rows.get(key).ables.push(able);
  }
  return ["worse", "better", "shows nothing"].flatMap((sign) => [...rows.values()].filter((row) => row.sign === sign));
}

function table(rows, sides, show, { element, known, properties, designs, ofSwitch }) {
  if (!rows.length) return element("p", {});
  const called = (able) => known.attackers.find((one) => one.capabilities === able)?.words ?? able;
  const said = (side) => [designs.get(side.design)?.words, ...[...side.set].map(([key, value]) => ofSwitch(key, value))];
  const words = sides.map((side) => said(side).filter(Boolean).join("; ") || "every switch as it is");
  const cell = (name, label, ...content) => {
    const made = element("td", {}, element("span", { className: "column", ariaHidden: "true" }, label), ...content);
    made.setAttribute("role", "cell");
    return made;
  };
  const result = ({ result: said, steps }) => `${said === "attack" || said === "not_reached" ? "✗" : said === "not_in_this_world" ? "–" : "✓"} ${said.replaceAll("_", " ")}${steps ? ` in ${steps} steps` : ""}`;
  const heads = ["Guarantee", ...words, "Where the attacker (show both runs)"].map((head) => element("th", { scope: "col" }, head));
  for (const head of heads) head.setAttribute("role", "columnheader");
  const body = rows.map((row) => {
    const buttons = row.ables.map((able) => {
      const button = element("button", { type: "button" }, able === "none" ? "nobody is dishonest" : called(able));
      button.onclick = () => show(row.name, able);
      return element("li", {}, button);
    });
    const head = element("th", { scope: "row" }, `${row.sign}: ${properties.get(row.name).words}`);
    head.setAttribute("role", "rowheader");
    const line = element("tr", {}, head, ...row.pair.map((one, place) => cell("td", words[place], result(one))),
      cell("td", "Where the attacker (show both runs)", element("ul", { className: "buttons" }, ...buttons)));
    line.setAttribute("role", "row");
    return line;
  });
  const made = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
  made.setAttribute("role", "table");
  for (const part of made.children) part.setAttribute("role", "rowgroup");
  made.querySelector("thead tr").setAttribute("role", "row");
  return made;
}
