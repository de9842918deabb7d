// The week as strips that are painted with the mouse. What counts is the text of each day: painting edits it.

const DAY = 1440;
const STEP = 15;
const CELLS = DAY / STEP;

/** Minutes since midnight; `undefined`: not a time. */
function minutes(text) {
  const found = /^(\d{1,2})(?:[:.](\d{2}))?$/.exec(text) ?? /^(\d{2})(\d{2})$/.exec(text);
  if (!found) return undefined;
  const time = Number(found[1]) * 60 + Number(found[2] ?? 0);
  return Number(found[2] ?? 0) < 60 && time <= DAY ? time : undefined;
}

/** The spans of what was typed, as pairs of minutes; `undefined`: it can't be read. */
export function read(text) {
  const spans = [];
  for (const piece of text.split(/[,;]/).map((piece) => piece.trim()).filter(Boolean)) {
    const [start, end, more] = piece.split(/[-–—]/).map((time) => minutes(time.trim()));
    if (start === undefined || end === undefined || more !== undefined || start === end) return undefined;
    spans.push([start, end < start ? end + DAY : end]);
  }
  return spans;
}

export function write(spans) {
  const clock = (time) => {
    const minute = time > DAY ? time - DAY : time;
    return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  };
  return spans.map(([start, end]) => `${clock(start)}-${clock(end)}`).join(", ");
}

/** The spans with this stretch of the day opened or closed. What runs past midnight keeps doing so. */
export function painted(spans, from, until, open) {
  const kept = [];
  for (const [start, end] of spans) {
    if (end < from || start > until || (!open && (end === from || start === until))) {
      kept.push([start, end]);
    } else if (open) {
      [from, until] = [Math.min(from, start), Math.max(until, end)];
    } else {
      if (start < from) kept.push([start, from]);
      if (end > until) kept.push([until, end]);
    }
  }
  if (open) kept.push([from, until]);
  const ended = kept.map(([start, end]) => [start, end - start < DAY ? end : DAY]);
  return ended.sort((a, b) => a[0] - b[0]);
}

/** Draws a day into its strip: its own hours, and what runs into it from the day before. */
function draw(strip, spans, before) {
  const isOpen = (list, cell, later) =>
    list.some(([start, end]) => start < (cell + 1) * STEP + later && end > cell * STEP + later);
  [...strip.children].forEach((cell, index) => {
    cell.className = isOpen(spans, index, 0) ? "open" : isOpen(before, index, DAY) ? "spills" : "";
    if (index % 4 === 0) cell.className += " hour";
  });
}

/** Makes the strips of a form work, and its copying of days. `changed` is called when something was painted or copied. */
export function week(form, changed) {
  const days = [...form.querySelectorAll(".strip")].map((strip) => ({
    strip,
    input: form.elements[strip.dataset.day],
  }));
  const redraw = () => {
    const all = days.map(({ input }) => read(input.value) ?? []);
    days.forEach(({ strip }, day) => draw(strip, all[day], all[(day + 6) % 7]));
  };
  for (const { strip, input } of days) {
    strip.append(...Array.from({ length: CELLS }, () => document.createElement("span")));
    input.addEventListener("input", redraw);
    if (!input.matches(":disabled")) brush(strip, input, redraw, () => { schedule(form); changed(); });
  }
  form.querySelector(".legend").hidden = false;
  redraw();
  copying(form, () => { schedule(form); redraw(); changed(); });
  form.addEventListener("input", ({ target }) => { if (target.classList.contains("hours")) schedule(form); });
}

function copying(form, done) {
  form.querySelector('button[value="copy"]')?.addEventListener("click", (event) => {
    event.preventDefault();
    const from = form.elements[form.elements.copy_from.value].value;
    form.querySelectorAll('input[name="copy_to"]:checked').forEach(({ value }) => {
      form.elements[value].value = from;
    });
    done();
  });
}

function schedule(form) {
  form.querySelector('input[name="hours_mode"][value="schedule"]').checked = true;
}

/** Pressing on a closed cell opens from there to where it is let go; on an open one it closes. */
function brush(strip, input, redraw, done) {
  let stroke;
  const cellAt = (event) => {
    const box = strip.getBoundingClientRect();
    const cell = Math.floor(((event.clientX - box.left) / box.width) * CELLS);
    return Math.min(Math.max(cell, 0), CELLS - 1);
  };
  const apply = (event) => {
    const cell = cellAt(event);
    const [from, until] = [Math.min(cell, stroke.cell), Math.max(cell, stroke.cell) + 1];
    input.value = write(painted(stroke.before, from * STEP, until * STEP, stroke.open));
    redraw();
  };
  strip.addEventListener("pointerdown", (event) => {
    const before = read(input.value);
    if (event.button !== 0 || before === undefined) return;
    const cell = cellAt(event);
    stroke = { cell, before, open: strip.children[cell].className.split(" ")[0] !== "open" };
    strip.setPointerCapture(event.pointerId);
    apply(event);
  });
  strip.addEventListener("pointermove", (event) => stroke && apply(event));
  strip.addEventListener("pointerup", (event) => {
    if (!stroke) return;
    apply(event);
    stroke = undefined;
    done();
  });
  strip.addEventListener("pointercancel", () => {
    if (!stroke) return;
    input.value = write(stroke.before);
    stroke = undefined;
    redraw();
  });
}
