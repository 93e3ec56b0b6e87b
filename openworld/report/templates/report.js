"use strict";
(() => {
  const form = document.getElementById("filter");
  const table = document.getElementById("verdicts");
  const articles = [...document.querySelectorAll("article[data-cells]")];

  // Which property a cell is about, its column says.
  const about = (cell) => table.tHead.rows[0].cells[cell.cellIndex].dataset.property;

  function reveal(hash) {
    if (form && hash.startsWith("#matrix?")) return choose(new URLSearchParams(hash.slice(8)));
    const named = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    const target = named && (named.closest("article") || named);
    if (!target) return;
    if (target.matches("details")) target.open = true;
    if (target.hidden && form) { form.reset(); apply(); }
    const details = target.querySelector(":scope > details");
    if (details) details.open = true;
    if (target.matches("article")) { target.focus({ preventScroll: true }); target.scrollIntoView(); }
  }

  // The address holds what was chosen, so that a mail leads to the same rows.
  function choose(wanted) {
    for (const select of form.querySelectorAll("select")) select.value = wanted.get(select.name) || "";
    apply();
    document.getElementById("matrix").scrollIntoView();
  }

  function remember() {
    const chosen = [...new FormData(form)].filter(([name, value]) => value && name !== "shown");
    history.replaceState(null, "", chosen.length ? `#matrix?${new URLSearchParams(chosen)}` : "#matrix");
  }

  function apply() {
    const want = Object.fromEntries(new FormData(form));
    let shown = 0;
    const kept = new Set();
    for (const row of table.tBodies[0].rows) {
      const cells = [...row.cells].filter((cell) => about(cell) && (!want.property || about(cell) === want.property));
      const has = (look) => cells.some((cell) => cell.classList.contains(look));
      const fits = !want.verdict || (want.verdict === "safe" ? !has("attack") && !has("unknown") && has("safe") : has(want.verdict));
      row.hidden = !(fits && (!want.attacker || row.dataset.attacker === want.attacker) && (!want.design || row.dataset.design === want.design));
      if (!row.hidden) { shown += 1; kept.add(`${row.dataset.attacker}/${row.dataset.design}`); }
    }
    for (const cell of table.querySelectorAll("th, td")) {
      cell.hidden = Boolean(want.property && about(cell)) && about(cell) !== want.property;
    }
    let left = 0;
    for (const article of articles) {
      const cells = article.dataset.cells.trim().split(" ");
      article.hidden = !(cells.some((cell) => kept.has(cell)) && (!want.property || article.dataset.property === want.property));
      left += !article.hidden;
    }
    for (const section of document.querySelectorAll(".gallery")) {
      section.hidden = ![...section.querySelectorAll("article")].some((article) => !article.hidden);
    }
    const none = document.getElementById("none-left");
    if (none) none.hidden = left > 0;
    form.elements.shown.value = `${shown} of ${table.tBodies[0].rows.length} rows`;
  }

  if (form && table) {
    form.hidden = false;
    form.addEventListener("input", () => { apply(); remember(); });
    form.addEventListener("reset", () => setTimeout(() => { apply(); if (location.hash.startsWith("#matrix?")) remember(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }
  addEventListener("hashchange", () => reveal(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal(link.hash);
  });
  reveal(location.hash);
})();
