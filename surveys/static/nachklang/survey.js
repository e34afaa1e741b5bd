/* The page works without this; with it, nothing that was typed is lost, and the form tells that a person was here. */
(() => {
const form = document.querySelector("form[data-clicked]");
document.querySelector(".errors")?.focus();
if (!form) return;
const {clicked, offline, busy, start, untouched} = form.dataset;
const on = (names, act, where = window) => names.split(" ").forEach(name => where.addEventListener(name, act, true));

// The draft, kept by this tab until it is stored; none on a kiosk, for the next person.
const fields = [...form.querySelectorAll("textarea,input:not([type=hidden],[name=website])")];
const key = location.pathname + fields.map(field => field.name);
const isChoice = field => /radio|box/.test(field.type);
const write = typed => { try { if (!start) sessionStorage[key] = JSON.stringify({clicked, typed}) } catch {} };
let draft = {typed: []};
try { draft = JSON.parse(sessionStorage[key]) } catch {}
fields.forEach(field => {
  const kept = draft.typed.filter(([name]) => name == field.name).map(pair => pair[1]);
  if (!kept[0]) return;
  if (!isChoice(field)) field.value = kept[0];
  else if (draft.clicked == clicked) field.checked = kept.includes(field.value);
});
on("input", event => {
  const {dataset, maxLength, nextElementSibling, value} = event.target, left = maxLength - value.length;
  if (dataset.left) nextElementSibling.textContent = left > 200 ? "" : dataset.left + " " + left;
  write(fields.filter(field => !isChoice(field) || field.checked).map(field => [field.name, field.value]));
}, form);

// Pointer, keys or fingers; a kiosk that nobody touches starts again.
let idle;
const touch = event => {
  if (event?.isTrusted) form.elements.touched.value = 1;
  clearTimeout(idle);
  if (start) idle = setTimeout(() => location.replace(start), untouched * 1000);
};
form.elements.script.value = 1;
on("pointerdown keydown touchstart click input change", touch);
touch();

// Sending: once at a time, and again once the connection is back.
const failure = form.querySelector(".failure"), is = form.classList;
let again;
const rest = sentence => {
  is.remove("sending");
  failure.hidden = !(failure.textContent = sentence);
};
const send = async button => {
  if (is.contains("sending")) return;
  rest(again = "");
  is.add("sending");
  const body = new FormData(form);
  if (button?.name) body.append(button.name, button.value);
  try {
    const reply = await fetch(form.getAttribute("action"),
      {method: "POST", body, headers: {"X-By-Script": 1}, signal: AbortSignal.timeout?.(2e4)});
    if (reply.status == 201) {
      write([]);
      history.replaceState(0, "", reply.headers.get("Content-Location"));
      location.assign(reply.headers.get("Location"));
    } else if (reply.status > 499) rest(busy);
    else HTMLFormElement.prototype.submit.call(form);
  } catch {
    rest(offline);
    again = () => send(button);
  }
};
on("submit", event => { event.preventDefault(); send(event.submitter) }, form);
on("online", () => again && again());
on("pageshow", event => event.persisted && rest(""));
})();
