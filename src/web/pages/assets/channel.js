// The page of a channel: painting the hours, recording messages, and the panel that follows the form. Without this the
// same form is filled in with the keyboard, and the panel shows what is saved.

import { calendar } from "./calendar.js";
import { week } from "./hours.js";
import { recorder } from "./recorder.js";

const AFTER_TYPING_MS = 350;
const LOOK_EVERY_MS = 15_000;

const form = document.querySelector("#channel");
const instant = document.querySelector("#instant");
const panel = document.querySelector("#panel");
const told = document.querySelector("#told");
const stale = document.querySelector("#stale");
const mayChange = !form.querySelector("fieldset").disabled;
const untouched = new URLSearchParams(fields());
// What comes back with faults, or with days or a recording added, is not saved yet.
let isChanged = Boolean(form.dataset.unsaved);
let isSent = false;
let asked = 0;
let timer;

/** What the form sends, but for files and the button. */
function fields() {
  return [...new FormData(form)].filter(([, value]) => typeof value === "string");
}

/** Fetches the panel, of the form if somebody has changed it, and shows it unless a newer one was asked for. */
async function look() {
  const at = instant.elements.at.value;
  const address = new URL(form.dataset.panel, document.baseURI);
  const request = { headers: { Accept: "text/html" } };
  if (mayChange && isChanged) {
    Object.assign(request, { method: "POST", body: new URLSearchParams([...fields(), ["at", at]]) });
  } else if (at) {
    address.searchParams.set("at", at);
  }
  asked += 1;
  const mine = asked;
  panel.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { ...request, redirect: "error" });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    if (mine !== asked) return;
    show(text);
    stale.hidden = true;
  } catch {
    // It is looked again soon; who is signed out meanwhile comes back by reloading.
    if (mine === asked) stale.hidden = false;
  } finally {
    if (mine === asked) panel.removeAttribute("aria-busy");
  }
}

let last = panel.innerHTML;

/** Only what is new is touched, so that nothing moves that is being read; what was unfolded stays so. */
function show(text) {
  if (text.trim() === last.trim()) return;
  last = text;
  const isUnfolded = panel.querySelector("details")?.open;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  panel.replaceChildren(...fresh.body.childNodes);
  if (isUnfolded) panel.querySelector("details")?.setAttribute("open", "");
  const outcome = panel.querySelector(".outcome").textContent;
  if (told.textContent !== outcome) told.textContent = outcome;
}

function changed() {
  isChanged = Boolean(form.dataset.unsaved) || new URLSearchParams(fields()).toString() !== untouched.toString();
  clearTimeout(timer);
  timer = setTimeout(look, AFTER_TYPING_MS);
}

week(form, changed);
calendar(form, changed);
form.querySelectorAll(".message").forEach((message) => {
  const audio = message.querySelector("audio");
  message.querySelector("select").addEventListener("change", ({ target }) => {
    const { sound } = target.selectedOptions[0].dataset;
    audio.hidden = !sound;
    if (sound) audio.src = sound;
  });
  if (mayChange) recorder(message);
});

form.addEventListener("input", changed);
form.addEventListener("submit", () => { isSent = true; });
instant.addEventListener("submit", (event) => { event.preventDefault(); look(); });
instant.elements.at.addEventListener("change", look);
addEventListener("beforeunload", (event) => {
  const hasFile = [...form.querySelectorAll('input[type="file"]')].some(({ files }) => files.length > 0);
  if ((isChanged || hasFile) && !isSent) event.preventDefault();
});
addEventListener("pageshow", () => { isSent = false; });
setInterval(() => { if (!document.hidden && !panel.matches(":hover, :focus-within")) look(); }, LOOK_EVERY_MS);
