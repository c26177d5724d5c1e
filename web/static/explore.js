// The Explore blocks of a page, without a kernel. A block of pictures ("grid") shows the one of its controls' setting, out of a file
// that is loaded when the block is first touched. Where the lesson computes from what is written or from many controls, a function
// here does the same: `shapes`, `logits`. tests/test_web.py compares them with the lessons' own.
"use strict";
const course = window.course = {waiting: {}, packs: {}, base: new URL(".", document.currentScript.src)};

course.loaded = (name, what) => course.waiting[name](what);

course.pack = name => course.packs[name] ??= new Promise((done, failed) => {  // a page that was opened from the disk may load scripts only
  course.waiting[name] = done;
  const script = document.createElement("script");
  script.src = new URL(`${name}.js`, course.base);
  script.onerror = () => { delete course.packs[name]; failed(new Error(`${script.src} can't be loaded`)); };
  document.head.append(script);
});

// ---- lesson 01: two shapes aligned on the right

course.shapes = ({a, b}) => {
  const lengths = [a, b].map(text => text.replaceAll(",", " ").split(/(?:[^\S\ufeff]|[\x1c-\x1f\x85])+/).filter(Boolean));  // where Python splits
  if (!lengths.flat().every(length => /^[0-9]+$/.test(length)))
    return {text: "Write whole numbers with commas between them, such as 8, 1, 6, 1."};
  const n = Math.max(...lengths.map(shape => shape.length));
  const [p, q] = lengths.map(shape => [...Array(n - shape.length).fill("1"), ...shape.map(length => length.replace(/^0+(?=.)/, ""))]);
  const result = p.map((_, i) => p[i] === "1" ? q[i] : q[i] === "1" || q[i] === p[i] ? p[i] : "?");
  const words = result.map((r, i) => `${p[i]} over ${q[i]}, ` + (r === "?" ? "a question mark, in orange" : `result ${r}`));
  return {text: result.includes("?") ? "They don't broadcast."
            : `They broadcast to (${result.join(", ")}${n === 1 ? "," : ""}).`,
          alt: `Boxes in columns, the lengths of a above those of b, from the left: ${words.join("; ")}.`,
          rows: {a: p, b: q, result}};
};

course.shapes.draw = ({rows}) => {
  const cell = (value, kind) => `<td class="${kind}">${value}</td>`;
  return rows ? `<table aria-hidden="true">` + Object.entries(rows).map(([name, row]) => `<tr><th>${name}</th>`
    + row.map((value, i) => cell(value, rows.result[i] === "?" ? "misfit" : "fit")).join("") + "</tr>").join("") + "</table>" : "";
};

// ---- lesson 04: the softmax of four logits at a temperature, and the loss of the true class

course.logits = ({first, second, third, fourth, temperature, label}) => {
  const T = Number(temperature.toFixed(2)), O = [first, second, third, fourth].map(logit => logit / T);
  const top = Math.max(...O), total = O.reduce((sum, o) => sum + Math.exp(o - top), 0);
  const p = O.map(o => Math.exp(o - top) / total), loss = Math.log(total) - (O[label] - top);
  return {p, loss, label, text: `temperature ${Number.isInteger(T) ? T.toFixed(1) : T}, loss ${loss.toFixed(2)}`,
          alt: `Bars of the probabilities of classes 0 to 3: ${p.map(value => value.toFixed(2)).join(", ")}; `
            + `the bar of class ${label}, the true one, is hatched.`};
};

course.bars = (p, marked) => p.map((value, k) => `<div class="bar${k === marked ? " true" : ""}"><b>${value.toFixed(2)}</b>`
  + `<i style="height: ${9 * value}rem"></i><span>${k}</span></div>`).join("");

course.logits.draw = ({p, label}) => `<div class="bars" aria-hidden="true">${course.bars(p, label)}</div>`;

// ---- every block

for (const block of document.querySelectorAll(".explore[data-script]")) {
  const fields = [...block.querySelectorAll("input")], [text, picture] = [block.querySelector("pre"), block.querySelector("img")];
  const drawn = block.querySelector(".drawn"), script = course[block.dataset.script];
  const values = new Map(fields.filter(field => field.dataset.values).map(field => [field, JSON.parse(field.dataset.values)]));
  const value = field => values.has(field) ? values.get(field)[field.value][0] : field.value;

  const shown = async () => {
    for (const field of values.keys()) {
      field.ariaValueText = field.nextElementSibling.value = values.get(field)[field.value][1];
    }
    if (script) {
      const what = script(Object.fromEntries(fields.map(field => [field.id.split(".").pop(), value(field)])));
      [text.textContent, drawn.innerHTML] = [what.text, script.draw(what)];
      [drawn.role, drawn.ariaLabel] = what.alt ? ["img", what.alt] : [null, null];
      return;
    }
    try {
      const pack = await course.pack(block.dataset.block);
      const at = fields.reduce((sum, field) => sum * values.get(field).length + +field.value, 0);  // where they are now that it is loaded
      const [number, alt, said] = pack.settings[at];
      [picture.src, picture.alt, text.textContent] = [`data:image/webp;base64,${pack.pictures[number]}`, alt, said];
    } catch (error) {
      text.textContent = `This picture could not be loaded (${error.message}). Load the page again.`;
    }
  };
  block.addEventListener("input", shown);
  block.addEventListener("focusin", () => script || course.pack(block.dataset.block).catch(() => {}), {once: true});
  if (script || fields.some(field => field.value !== field.defaultValue)) shown();
}

// ---- the page itself: what is wider than the screen can be scrolled by keyboard, a word that was searched for is not left folded,
// and paper shows everything, light

const reachable = () => document.querySelectorAll("article table, article div.math").forEach(part => {
  part.scrollWidth > part.clientWidth ? part.tabIndex = 0 : part.removeAttribute("tabindex");
});
addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true);
addEventListener("load", () => document.querySelectorAll("details .highlighted").forEach(mark => { mark.closest("details").open = true; }));

// A lesson's formulas are thousands of boxes. course.css leaves sections that are far below the screen without a layout while the
// page loads ("first"); then they get one each, in idle moments, so that a tap never waits for all of them.
const idle = window.requestIdleCallback ?? (task => setTimeout(task, 20)), far = [...document.querySelectorAll(".bd-article > section > section")];
const lay = () => far.length ? (far.shift().style.contentVisibility = "visible", idle(lay)) : (document.documentElement.classList.remove("first"), reachable());
addEventListener("load", () => idle(lay));

const theme = document.documentElement.dataset, printed = {folds: []};
addEventListener("beforeprint", () => {
  [printed.theme, printed.folds] = [theme.theme, [...document.querySelectorAll("details:not([open])")]];
  theme.theme = "light";
  printed.folds.forEach(fold => { fold.open = true; });
});
addEventListener("afterprint", () => { theme.theme = printed.theme; printed.folds.forEach(fold => { fold.open = false; }); });
