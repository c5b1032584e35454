// What the panel does beyond its pages: the menu of a phone, questions before what cannot be undone, copying.
// Everything works without it, but for live lists and charts.
(() => {
  "use strict";
  document.documentElement.classList.add("has-script");

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-menu]");
    if (button) {
      event.preventDefault();
      const open = document.getElementById("menu").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
      return;
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const from = document.getElementById(copy.dataset.copy);
      const text = from.value ?? from.textContent;
      if (navigator.clipboard) navigator.clipboard.writeText(text);
      if (copy.dataset.copied) {
        copy.textContent = copy.dataset.copied;
      }
    }
  });

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  // A live list that is left open for hours keeps its newest rows only.
  const LIVE_ROWS = 300;
  document.addEventListener("htmx:after:swap", () => {
    for (const old of [...document.querySelectorAll("#mails > li")].slice(LIVE_ROWS)) old.remove();
  });

  // The colours that are not the present ones, where the system's are in use and none were chosen.
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.value = document.documentElement.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
  }

  // Forms that select by themselves: a filter is sent when it changes.
  document.addEventListener("change", (event) => {
    const all = event.target.dataset.chooseAll;
    if (all) for (const box of document.querySelectorAll(`input[type=checkbox][name="${all}"]`)) box.checked = event.target.checked;
    if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
  });
})();
