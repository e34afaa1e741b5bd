/* The form of an appearance: a colour picker beside each colour, and figures and pages that follow what is chosen.
   Without it the form works as well; the pages then show what is saved. */
"use strict";

(() => {
  const figures = document.getElementById("figures");
  const frames = document.querySelectorAll(".beside iframe");
  const field = (name) => document.querySelector(`[name="${name}"]`);
  const followed = ["client", "accent", "accent_dark", "typeface"].map(field).filter(Boolean);
  if (!figures) return;
  const pickers = new Map();
  const is_colour = (input) => /^#[0-9a-f]{6}$/i.test(input.value);
  let waiting = 0, asked = 0;

  async function follow() {
    const values = Object.fromEntries(followed.map((input) => [input.name, input.value]));
    for (const frame of frames) {
      const address = new URL(frame.src);
      for (const [name, value] of Object.entries(values)) address.searchParams.set(name, value);
      if (address.href !== frame.src) frame.src = address.href;
    }
    const turn = ++asked;
    const answer = await fetch(`${figures.dataset.address}?${new URLSearchParams(values)}`);
    if (answer.ok && turn === asked) {
      figures.innerHTML = await answer.text();
      settle();
    }
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(follow, 250);
  }

  // What came with the figures: shades to take, and the colour that an empty field comes to.
  function settle() {
    for (const button of figures.querySelectorAll("button[data-shade]")) button.hidden = false;
    const { dataset } = figures.firstElementChild;
    for (const [input, picker] of pickers) if (!is_colour(input)) picker.value = dataset[input.name];
  }

  for (const input of document.querySelectorAll("input[data-colour]")) {
    const picker = document.createElement("input");
    picker.type = "color";
    picker.setAttribute("aria-label", input.labels[0].textContent.replace(/:\s*$/, ""));
    const show = () => { if (is_colour(input)) picker.value = input.value.toLowerCase(); };
    picker.addEventListener("input", () => { input.value = picker.value; later(); });
    input.addEventListener("input", show);
    input.after(picker);
    pickers.set(input, picker);
    show();
  }
  for (const input of followed) input.addEventListener("input", later);
  figures.addEventListener("click", (event) => {
    const { field: name, shade } = event.target.dataset;
    if (!shade) return;
    field(name).value = shade;
    field(name).dispatchEvent(new Event("input", { bubbles: true }));
    field(name).focus();
  });
  settle();
})();
