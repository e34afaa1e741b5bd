/* Judging by keyboard. Everything here presses what the form has: without this, its radios and buttons do the same. */
"use strict";

(() => {
  const form = document.querySelector("form[data-correct]"), back = document.querySelector("[data-undo]");
  const panel = document.querySelector("[data-keys]"), single = document.querySelector("[data-single-keys]");
  const SIGNS = { "-1": ["negative", "−"], 0: ["neutral", "○"], 1: ["positive", "+"] };
  const BY_KEY = { "+": "1", "-": "-1", "−": "-1", 0: "0" };

  const boxes = form ? [...form.querySelectorAll("fieldset[data-key]")] : [];
  const nameOf = (box) => box.querySelector(".name").textContent;
  const valueOf = (box) => box.querySelector("input:checked").value;
  const radioOf = (box, value) => [...box.querySelectorAll("input")].find((radio) => radio.value === value);
  const press = (name) => form && form.querySelector(`.verdict [name="${name}"]`);
  const find = document.getElementById("find");
  let current = boxes.filter((box) => valueOf(box)).pop();
  let isSent = false;

  function tell(words) {
    form.querySelector("[data-told]").textContent = words;
  }

  /* What will be saved stands beside the comment, as chips. */
  function draw(box) {
    const list = form.querySelector("[data-chosen]"), theme = radioOf(box, "").name.split("_").pop(), value = valueOf(box);
    const old = list.querySelector(`[data-theme="${theme}"]`);
    if (!value) {
      if (old) old.remove();
    } else {
      const [word, sign] = SIGNS[value], item = document.createElement("li"), chip = document.createElement("span");
      const mark = document.createElement("span"), label = document.createElement("span"), said = document.createElement("span");
      item.dataset.theme = theme;
      chip.className = `chip chip-${word}`;
      [mark.className, mark.textContent] = ["sign", sign];
      mark.setAttribute("aria-hidden", "true");
      [said.className, said.textContent] = ["visually-hidden", `${wordOf(box)}: `];
      label.className = "label";
      label.append(said, nameOf(box));
      chip.append(mark, label);
      item.append(chip);
      if (old) old.replaceWith(item); else list.append(item);
    }
    form.querySelector("[data-nothing]").hidden = list.children.length > 0;
  }

  function wordOf(box) {
    return box.querySelector("input:checked").closest("label").querySelector(".visually-hidden").textContent;
  }

  function changed(box) {
    const isChanged = [...form.querySelectorAll(".themes input")].some((field) => field.checked !== field.defaultChecked);
    form.toggleAttribute("data-changed", isChanged);
    if (!box) return;
    for (const other of boxes) other.classList.toggle("is-current", other === box);
    current = box;
    draw(box);
    tell(`${nameOf(box)}: ${wordOf(box)}`);
  }

  function choose(box, value) {
    if (!box) return tell(form.dataset.chosenFirst);
    radioOf(box, value).checked = true;
    changed(box);
    box.scrollIntoView({ block: "nearest" });
  }

  function name(box) {
    choose(box, valueOf(box) || form.dataset.usual);
  }

  function narrow() {
    const wanted = find.value.trim().toLowerCase();
    for (const box of boxes) box.hidden = !nameOf(box).toLowerCase().includes(wanted);
  }

  function leave() {
    find.value = "";
    narrow();
    find.blur();
  }

  const acts = {
    Enter: () => (form.hasAttribute("data-changed") ? press("save") : press("accept") || press("save")),
    n: () => press("skip"),
    u: () => document.querySelector('button[name="undo"]'),
  };
  [acts[" "], acts.ArrowRight] = [acts.Enter, acts.n];

  function onKey(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isSent || !single.checked) return;
    if (target.matches("select, textarea, input:not([type=radio], [type=checkbox])")) return;
    const isOwn = target.matches("input") ? key === " " || key.startsWith("Arrow") : key === "Enter" || key === " ";
    if (isOwn && target.closest("a, button, summary, input")) return;
    const box = key !== "" && boxes.find((one) => one.dataset.key === key.toLowerCase());
    if (key in acts) {
      const button = acts[key]();
      if (button) button.click();
    } else if (key in BY_KEY) choose(current, BY_KEY[key]);
    else if (key === "Backspace") choose(current, "");
    else if (key === "?") panel.open = !panel.open;
    else if (key === "/") find.focus();
    else if (box) name(box);
    else return;
    event.preventDefault();
  }

  if (form && panel) {
    const remembered = "nachklang-single-keys";
    panel.hidden = form.querySelector("[data-finding]").hidden = false;
    single.checked = localStorage.getItem(remembered) !== "off";
    const show = () => document.body.toggleAttribute("data-keys-act", single.checked);
    single.addEventListener("change", () => {
      localStorage.setItem(remembered, single.checked ? "on" : "off");
      show();
    });
    show();
    document.addEventListener("keydown", onKey);
    form.querySelector(".themes").addEventListener("change", (event) => changed(event.target.closest("fieldset[data-key]")));
    find.addEventListener("input", narrow);
    find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      const first = boxes.find((box) => !box.hidden);
      const isChosen = event.key === "Enter" && find.value.trim() && first;
      leave();
      if (isChosen) name(first);
    });
  }

  /* One press is one judgement. */
  for (const one of [form, back]) {
    if (one) one.addEventListener("submit", (event) => (isSent ? event.preventDefault() : (isSent = true)));
  }
  window.addEventListener("pageshow", () => (isSent = false));
})();
