// Before the first paint, so that a dark page never flashes light. A file of its own: the policy forbids inline code.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem("equeue.theme");
  } catch {
    // Storage may be forbidden; then the system decides.
  }
  var dark = wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
