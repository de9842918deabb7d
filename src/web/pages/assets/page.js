// On every page: instants in the viewer's own manner, keys, and the focus where it was. Without it pages read and work as well.

const GO_WITHIN_MS = 1500
const KEPT_MS = 15_000
const FOCUS = 'strowger-focus'

// Shows instants as the viewer writes them: <time datetime> in their zone, with `data-zone` in that zone, which is named. With
// `data-show` "date" or "time", only that. Scripts that add some call it again.
export function showTimes(root = document) {
  for (const element of root.querySelectorAll('time[datetime]:not([data-shown])')) {
    const at = new Date(element.dateTime)
    // A day without a time is no instant: it is the same day everywhere.
    if (Number.isNaN(at.getTime()) || !element.dateTime.includes('T')) continue
    element.textContent = written(at, element.dataset)
    element.title ||= written(at, { zone: element.dataset.zone, isFull: true })
    element.dataset.shown = ''
  }
}

function written(at, { zone, show, isFull }) {
  const parts = { dateStyle: isFull ? 'full' : 'medium', timeStyle: isFull ? 'long' : 'short' }
  if (show === 'date') delete parts.timeStyle
  if (show === 'time') delete parts.dateStyle
  const format = new Intl.DateTimeFormat(navigator.languages, { ...parts, timeZone: zone || undefined })
  return zone && show !== 'date' && !isFull ? `${format.format(at)} (${zone})` : format.format(at)
}

const isTyped = element => element.isContentEditable || element.matches('input:not([type=checkbox], [type=radio], [type=button]), textarea, select')

let goSince = -Infinity

function pressed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  if (isTyped(event.target) || document.querySelector('dialog[open]')) return
  if (event.timeStamp - goSince < GO_WITHIN_MS) {
    goSince = -Infinity
    const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)
    if (!link) return
    event.preventDefault()
    link.click()
  } else if (event.key === 'g') {
    goSince = event.timeStamp
  } else if (event.key === '?') {
    event.preventDefault()
    showKeys()
  } else if (event.key === '/') {
    const search = document.querySelector('input[type=search]')
    if (!search) return
    event.preventDefault()
    search.focus()
    search.select()
  }
}

// The focus goes back by itself when the dialog closes.
function showKeys() {
  document.querySelector('#keys')?.showModal()
}

// Whoever sends a form with the keyboard comes back to where they were, and to what is wrong first.
function keepFocus() {
  document.addEventListener('submit', ({ target, submitter }) => {
    // The next person in this tab sees nothing of the one before.
    if (/sign-(in|out)/.test(target.getAttribute('action') ?? '')) sessionStorage.clear()
    const place = placeOf(submitter ?? document.activeElement, target)
    sessionStorage.setItem(FOCUS, JSON.stringify({ place, at: Date.now() }))
  })
  const kept = JSON.parse(sessionStorage.getItem(FOCUS) ?? 'null')
  sessionStorage.removeItem(FOCUS)
  if (document.querySelector('main [autofocus]')) return
  const wrong = document.querySelector('main [aria-invalid="true"]')
  if (wrong) return wrong.focus()
  if (kept && Date.now() - kept.at < KEPT_MS) found(kept.place)?.focus()
}

// By its id, or as the so manyeth of its form.
function placeOf(element, form) {
  if (element?.id) return { id: element.id }
  return { action: form.getAttribute('action'), index: [...form.elements].indexOf(element) }
}

function found({ id, action, index }) {
  if (id) return document.getElementById(id)
  return document.querySelector(`form[action="${CSS.escape(action ?? '')}"]`)?.elements[index]
}

showTimes()
keepFocus()
document.addEventListener('keydown', pressed)
for (const button of document.querySelectorAll('[data-opens-keys]')) {
  button.hidden = false
  button.addEventListener('click', showKeys)
}
