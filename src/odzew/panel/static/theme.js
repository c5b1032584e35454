// The colours of the system, before anything is painted, unless this browser chose others.
(() => {
  const page = document.documentElement;
  if (page.hasAttribute("data-chosen")) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => page.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  dark.addEventListener("change", apply);
  apply();
})();
