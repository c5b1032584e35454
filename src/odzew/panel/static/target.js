// The form of a forward: fields of the chosen way only, and placeholders that are put in where the cursor is.
(() => {
  "use strict";
  const form = document.querySelector("[data-target]");
  if (!form) return;
  const way = form.querySelector("[name=way]");
  const show = () => {
    for (const part of form.querySelectorAll("[data-way]")) part.hidden = !part.dataset.way.split(" ").includes(way.value);
  };
  way.addEventListener("change", show);
  show();
  const url = form.querySelector("[data-url]");
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    url.setRangeText(button.dataset.insert, url.selectionStart, url.selectionEnd, "end");
    url.focus();
    url.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
