// What every page does besides what HTML does by itself.

/** Keys that lead somewhere: `g` and then a letter; `?` lists them. */
const PLACES = { b: "board", p: "phone", t: "tickets", c: "channels", e: "people", s: "system" };

let led = false;

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") {
    document.querySelector("dialog#keys")?.showModal();
  } else if (led && PLACES[event.key]) {
    const link = document.querySelector(`header.top a[href="${PLACES[event.key]}"]`);
    link?.click();
  }
  led = event.key === "g";
});

// A click on what closes a dialog closes it.
document.addEventListener("click", (event) => {
  event.target.closest("[data-close]")?.closest("dialog")?.close();
});
