/* What a page waits for, asked every few seconds; once it is done, the page is loaded again. Without this one reloads by hand. */
"use strict";

(() => {
  const EVERY = 3000; // milliseconds
  const places = [...document.querySelectorAll("[data-waiting]")];
  if (!places.length) return;
  for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
  const wasTraining = places.some((place) => !place.querySelector("progress"));
  const wasReading = places.some((place) => place.querySelector("progress"));

  async function ask() {
    let told;
    try {
      const answer = await fetch(places[0].dataset.waiting, { headers: { Accept: "application/json" } });
      if (!answer.ok) return; // signed out meanwhile: the page stays as it is
      told = await answer.json();
    } catch {
      setTimeout(ask, EVERY); // no network at the moment
      return;
    }
    if ((wasTraining && !told.is_training) || (wasReading && told.all === null)) {
      location.reload();
      return;
    }
    show(told);
    setTimeout(ask, EVERY);
  }

  function show(told) {
    const bar = document.querySelector("[data-waiting] progress");
    if (!bar || told.all === null) return;
    bar.max = told.all;
    bar.value = told.done;
    bar.closest("[data-waiting]").querySelector("[data-done]").textContent =
      told.done.toLocaleString(document.documentElement.lang);
  }

  setTimeout(ask, EVERY);
})();
