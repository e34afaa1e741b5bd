/* The preview follows what is chosen and what is typed. Without this, its buttons do the same. */
"use strict";

(() => {
  const PAUSE = 500; // milliseconds without a key
  const sketch = document.querySelector("[data-sketch]");
  const form = document.querySelector("form[data-preview-form]");
  const width = document.querySelector("[data-width]");
  let shown = document.querySelector('iframe[name="preview"]');
  let coming, waiting, number = 0;

  /* A fresh frame takes the answer: the browser's history does not grow, and what is shown stays until it is there. */
  function show() {
    if (coming) coming.remove();
    const fresh = coming = shown.cloneNode(), top = shown.contentWindow.scrollY;
    fresh.removeAttribute("src");
    fresh.hidden = true;
    fresh.name = `preview-${number += 1}`;
    shown.after(fresh);
    fresh.addEventListener("load", () => {
      if (fresh !== coming || fresh.contentWindow.location.href === "about:blank") return;
      fresh.hidden = false;
      shown.remove();
      [shown, coming] = [fresh, undefined];
      lookAt(top);
    });
    sketch.formTarget = fresh.name;
    form.requestSubmit(sketch);
    sketch.formTarget = shown.name;
  }

  /* The question that is written, where there is one; else what was in sight before. */
  function lookAt(top) {
    const page = shown.contentWindow, key = shown.dataset.key;
    const field = key && shown.contentDocument.querySelector(`main [name="${key}"]`);
    const question = field && field.closest(".question");
    page.scrollTo(0, question ? question.getBoundingClientRect().top + page.scrollY - 24 : top);
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(show, PAUSE);
  }

  /* What was typed before this script came, or was kept by the browser on a reload, is shown as well. */
  function isWritten(field) {
    return field.defaultValue !== undefined && field.type !== "hidden" && field.value !== field.defaultValue;
  }

  function widen() {
    for (const frame of [shown, coming]) if (frame) frame.className = `width-${width.value}`;
  }

  /* Without a choice, a width that fits on this screen. */
  if (!new URLSearchParams(location.search).has("width")) {
    const room = shown.parentElement.clientWidth;
    const fitting = [...width.options].filter((option) => Number(option.value) <= room).pop() || width.options[0];
    if (Number(width.value) > room) width.value = fitting.value;
    widen();
  }

  width.addEventListener("change", widen);
  if (sketch) {
    shown.addEventListener("load", () => lookAt(0), { once: true });
    form.addEventListener("input", soon);
    if ([...form.elements].some(isWritten)) soon();
    for (const choice of document.querySelectorAll("[data-choices] select:not([data-width])")) {
      choice.addEventListener("change", soon);
    }
  } else {
    form.addEventListener("change", (event) => event.target !== width && form.requestSubmit());
  }
})();
