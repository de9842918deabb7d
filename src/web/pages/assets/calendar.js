// The exceptions of a channel on a calendar: a month at a time. The rows of the table are what counts.

const MONTHS_AT_ONCE = 2;

/** Shows the calendar of a form. `changed` is called when a date was added. */
export function calendar(form, changed) {
  const place = form.querySelector("#calendar");
  const rows = form.querySelector("#exception-rows");
  const language = document.documentElement.lang;
  const today = new Date();
  let shown = new Date(Date.UTC(today.getFullYear(), today.getMonth(), 1));

  const rowOf = (date) => [...rows.rows].find((row) => row.querySelector('input[type="date"]').value === date);

  /** The row of this date, made of the empty one at the end if there is none. */
  const rowFor = (date) => {
    const known = rowOf(date);
    if (known) return known;
    const empty = rows.rows[rows.rows.length - 1];
    const fresh = empty.cloneNode(true);
    fresh.querySelectorAll("input").forEach((input) => { input.value = ""; });
    empty.querySelector('input[type="date"]').value = date;
    const button = empty.querySelector("button");
    Object.assign(button, { textContent: place.dataset.remove, type: "button" });
    button.addEventListener("click", () => { empty.remove(); draw(); changed(); });
    rows.append(fresh);
    return empty;
  };

  const choose = (date) => {
    const row = rowFor(date);
    draw();
    changed();
    row.querySelector('input[name="exception_spans"]').focus();
  };

  const month = (first) => {
    const table = document.createElement("table");
    const title = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" }).format(first);
    table.createCaption().textContent = title;
    const head = table.createTHead().insertRow();
    for (let day = 0; day < 7; day += 1) {
      const cell = document.createElement("th");
      cell.scope = "col";
      // 1 January 2024 was a Monday.
      const date = new Date(Date.UTC(2024, 0, 1 + day));
      cell.textContent = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" }).format(date);
      head.append(cell);
    }
    const body = table.createTBody();
    let week = body.insertRow();
    for (let blank = (first.getUTCDay() + 6) % 7; blank > 0; blank -= 1) week.insertCell();
    const date = new Date(first);
    while (date.getUTCMonth() === first.getUTCMonth()) {
      if (week.cells.length === 7) week = body.insertRow();
      week.insertCell().append(day(date.toISOString().slice(0, 10), date.getUTCDate()));
      date.setUTCDate(date.getUTCDate() + 1);
    }
    return table;
  };

  const day = (date, number) => {
    const button = document.createElement("button");
    const row = rowOf(date);
    const value = (name) => row?.querySelector(`input[name="${name}"]`).value ?? "";
    const words = row ? [value("exception_spans") || place.dataset.closed, value("exception_name")] : [];
    Object.assign(button, { type: "button", textContent: number });
    button.className = row ? (value("exception_spans") ? "other" : "shut") : "usual";
    const name = new Intl.DateTimeFormat(language, { dateStyle: "full", timeZone: "UTC" }).format(new Date(date));
    button.setAttribute("aria-label", [name, ...words].filter(Boolean).join(", "));
    button.title = words.filter(Boolean).join(", ");
    button.disabled = form.querySelector("fieldset").disabled;
    button.addEventListener("click", () => choose(date));
    return button;
  };

  const turn = (label, sign, by) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: sign, className: "quiet" });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => {
      shown = new Date(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth() + by, 1));
      draw();
      place.querySelector(`button[aria-label="${CSS.escape(label)}"]`).focus();
    });
    return button;
  };

  const draw = () => {
    const months = Array.from({ length: MONTHS_AT_ONCE }, (_, later) =>
      month(new Date(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth() + later, 1))));
    place.replaceChildren(turn(place.dataset.earlier, "‹", -1), ...months, turn(place.dataset.later, "›", 1));
  };

  place.hidden = false;
  rows.addEventListener("change", draw);
  draw();
}
