"use strict";
(() => {
  const root = document.documentElement;
  const find = (selector, from = document) => [...from.querySelectorAll(selector)];
  const by = (id) => document.getElementById(id);
  root.classList.add("script");

  // What happened, for eyes and screen readers; gone after two seconds.
  let toldFor = 0;
  const tell = (text) => {
    by("told").textContent = text;
    clearTimeout(toldFor);
    toldFor = setTimeout(() => { by("told").textContent = ""; }, 2000);
  };

  // Copy buttons. A page from disk may lack the clipboard: then its text is selected and copied the old way.
  const copyOldWay = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    let done = false;
    try {
      await navigator.clipboard.writeText(code.textContent);
      done = true;
    } catch {
      done = copyOldWay(code);
    }
    tell(done ? "Copied" : "Select the line and copy it");
  });

  // A link into a folded part unfolds it.
  const unfold = () => {
    const target = location.hash.length > 1 && by(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden || target.closest("[hidden]")) show("", "");
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
    const summary = target.querySelector(":scope > summary");
    if (summary) summary.focus({ preventScroll: true });
  };
  addEventListener("hashchange", unfold);
  // NB: the same link a second time changes no hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#unit-"]');
    if (link && link.getAttribute("href") === location.hash) unfold();
  });

  // Colours: the system's, light, dark.
  const schemes = ["", "light", "dark"];
  const scheme = by("scheme");
  scheme.addEventListener("click", () => {
    const next = schemes[(schemes.indexOf(root.dataset.scheme || "") + 1) % schemes.length];
    if (next) root.dataset.scheme = next; else delete root.dataset.scheme;
    const told = `Colours: ${next || "as the system has them"}`;
    scheme.setAttribute("aria-label", told);
    tell(told);
  });

  const search = by("search");
  if (!search) return;
  const units = find("#units .unit").map((element) => ({
    element,
    head: `${element.querySelector(".title").textContent} ${element.querySelector(".because").textContent} ` +
      find(":scope > .body > :not(.service)", element).map((part) => part.textContent).join(" "),
    open: element.open,
    services: find(".service", element).map((service) => ({
      element: service, text: service.textContent.toLowerCase(), open: service.open,
    })),
  }));
  units.forEach((unit) => { unit.head = unit.head.toLowerCase(); });
  const choices = find(".choice");
  let verdict = "";

  // Marks what was found, where the browser can do so without touching the text.
  const highlight = (words, elements) => {
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("found");
    if (!words.length) return;
    const ranges = [];
    for (const element of elements) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node && ranges.length < 2000; node = walker.nextNode()) {
        const text = node.data.toLowerCase();
        for (const word of words) {
          for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
            const range = new Range();
            range.setStart(node, at);
            range.setEnd(node, at + word.length);
            ranges.push(range);
          }
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };

  function show(text, wanted) {
    search.value = text;
    verdict = wanted;
    for (const choice of choices) choice.setAttribute("aria-pressed", String(choice.dataset.verdict === wanted));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const active = words.length > 0 || wanted !== "";
    let shownUnits = 0;
    let shownServices = 0;
    const shown = [];
    for (const unit of units) {
      const inHead = words.every((word) => unit.head.includes(word));
      const ofVerdict = !wanted || unit.element.dataset.verdict === wanted;
      let any = false;
      for (const service of unit.services) {
        const fits = (!wanted || service.element.dataset.verdict === wanted) &&
          (inHead || words.every((word) => unit.head.includes(word) || service.text.includes(word)));
        service.element.hidden = active && !fits;
        service.element.open = active ? fits && !inHead && words.length > 0 : service.open;
        any ||= fits;
        shownServices += fits ? 1 : 0;
      }
      const visible = any || (inHead && ofVerdict);
      unit.element.hidden = !visible;
      unit.element.open = active ? visible : unit.open;
      shownUnits += visible ? 1 : 0;
      if (visible) shown.push(unit.element);
    }
    by("nothing").hidden = shownUnits > 0;
    by("found").textContent = active ? `${shownUnits} of ${units.length} units, ${shownServices} services` : "";
    highlight(words, shown);
  }

  let later = 0;
  search.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(() => show(search.value, verdict), 60);
  });
  for (const choice of choices) choice.addEventListener("click", () => show(search.value, choice.dataset.verdict));
  by("reset").addEventListener("click", () => { show("", ""); search.focus(); });
  const fold = by("fold");
  fold.addEventListener("click", () => {
    const open = fold.getAttribute("aria-pressed") !== "true";
    fold.setAttribute("aria-pressed", String(open));
    fold.textContent = open ? "Fold all" : "Unfold all";
    for (const details of find("#units details")) details.open = open;
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "Escape" && event.target === search) {
      if (search.value || verdict) show("", ""); else search.blur();
    }
  });

  // On paper every unit is unfolded, and of the services those that did not pass.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = find("#units details").filter((details) => !details.open);
    for (const details of folded) {
      details.open = details.matches(".unit") || !/^(passed|reused)$/.test(details.dataset.verdict);
    }
  });
  addEventListener("afterprint", () => { for (const details of folded) details.open = false; });
  unfold();
})();
