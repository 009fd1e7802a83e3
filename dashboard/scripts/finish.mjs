/** Puts the built files where the Python package serves them, and keeps the first load of each page small and quick. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const OUT = join(ROOT, "out");
const SERVED = join(ROOT, "../src/entrypoints/http/static/ui");
const BUDGET = 220 * 1024;

const files = readdirSync(OUT, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
const pages = files.filter((each) => each.name.endsWith(".html")).map((each) => join(each.parentPath, each.name));
const sizes = new Map();

function packed(path) {
  if (!sizes.has(path)) sizes.set(path, gzipSync(readFileSync(path), { level: 9 }).length);
  return sizes.get(path);
}

/** Scripts that a page names; old browsers' polyfills (`nomodule`) are not loaded by any that we serve. */
function initial(html) {
  const tags = html.match(/<script[^>]*\ssrc="[^"]+"[^>]*>/g) ?? [];
  const used = tags.filter((tag) => !/nomodule/i.test(tag)).map((tag) => /\ssrc="\/ui\/([^"?]+)/.exec(tag)[1]);
  return [...new Set(used)];
}

/** In the page itself: the server lets inline code run by its hash. A tab that nobody sees is never painted. */
const BEGIN = `(function () {
  function begin() {
    document.querySelectorAll("link[data-begin]").forEach(function (link) {
      var script = document.createElement("script");
      script.src = link.getAttribute("href");
      script.async = true;
      document.head.appendChild(script);
    });
  }
  if (document.visibilityState === "hidden") begin();
  else requestAnimationFrame(function () { setTimeout(begin); });
})();`.replaceAll(/\s*\n\s*/g, "");

/** Let a page be painted before its scripts run; they are fetched meanwhile. Cached ones would run first otherwise. */
function paintedFirst(html) {
  const fetched = html.replaceAll(
    /<script src="([^"]+)" async=""><\/script>/g,
    `<link rel="preload" as="script" fetchPriority="low" data-begin="" href="$1"/>`,
  );
  if (fetched === html || /<script[^>]*\sasync/.test(fetched))
    throw new Error("The pages name their scripts otherwise.");
  return fetched.replace("</body>", `<script>${BEGIN}</script></body>`);
}

let worst = 0;
const report = {};
for (const page of pages) {
  const total = initial(readFileSync(page, "utf8")).reduce((sum, name) => sum + packed(join(OUT, name)), 0);
  report[`/${relative(OUT, page)}`] = total;
  worst = Math.max(worst, total);
}
for (const [page, total] of Object.entries(report)) console.log(`${(total / 1024).toFixed(1).padStart(7)} KB  ${page}`);
if (worst > BUDGET) {
  console.error(
    `The first load of a page may have ${BUDGET / 1024} KB of JavaScript, compressed; the largest has ${(worst / 1024).toFixed(1)}.`,
  );
  process.exit(1);
}
for (const page of pages) writeFileSync(page, paintedFirst(readFileSync(page, "utf8")));
rmSync(SERVED, { recursive: true, force: true });
cpSync(OUT, SERVED, { recursive: true });
