// Tells one story: node story.mjs NAME, as main.rs runs it.
//
// # How to write a story
//
// 1. `stories/NAME.mjs` exports one function by default, `async ({ desk, visit }) => { … }`, and main.rs names it in
//    `stories!`, with what its desk is opened with. Run it: cargo test --locked --test browser NAME
// 2. Set up through the API: `await desk.user('Ann', { role: 'admin' })`, `desk.channel({ routing: { users: [ann.id] } })`,
//    `desk.post('teams', {…})`, `desk.get`, `desk.patch`, `desk.delete`, all as an admin.
// 3. Call: `const caller = await desk.call(channel, { message_seconds: 5 })`; then `caller.look()` tells what became of it,
//    `caller.until('talks', call => call.is_talking)` waits, `caller.hangUp()`.
// 4. Look: `const ann = await visit(user)` is a browser of their own, signed in (`visit()`: nobody is). `ann.page` is
//    Playwright's page: use roles and labels, as people do (`ann.page.getByRole('button', { name: 'Save' })`).
//    `await ann.open('tickets')` goes to a page and examines it. Whatever page a story comes to otherwise, by a link or a
//    form, it must examine once itself with `await ann.examine()`, also what a button opened: a dialog, faults in a form.
// 5. Expect: from waiting.mjs, `expect(actual, expected)` for what must be so now, `until('what', async () => …)` for what will be.
//    Playwright's own waits count, too: `await ann.page.getByText('Saved').waitFor()`.
//
// A story fails on any error on the console, error of a script, violation of the policy (CSP), request to elsewhere, finding
// of axe (light and dark), page of more than 150 KiB or 10 requests, and page that was not examined. What a story brings about on
// purpose it announces: `ann.expects(/status of 409/)`.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Desk } from './desk.mjs'
import { Visitor, launch } from './visitor.mjs'

const name = process.argv[2]
const { default: tell } = await import(`./stories/${name}.mjs`)
const desk = new Desk(process.env.DESK_URL, process.env.DESK_TOKEN, process.env.DESK_CONTROL)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const browser = await launch()
const visitors = []
const examined = new Set()

async function visit(user, options = {}) {
  const visitor = await Visitor.arrive(browser, desk, axe, examined, options)
  visitors.push(visitor)
  if (user) await visitor.signIn(user)
  return visitor
}

try {
  await tell({ desk, visit })
  for (const visitor of visitors) visitor.leave()
} catch (error) {
  console.error(error)
  for (const [number, visitor] of visitors.entries()) {
    console.error(`visitor ${number} is at ${visitor.page.url()} and complains: ${visitor.complaints.join('\n') || 'of nothing'}`)
    const path = new URL(`../../target/browser/${name}-${number}.png`, import.meta.url).pathname
    await visitor.page.screenshot({ path, fullPage: true }).catch(() => {})
  }
  process.exitCode = 1
} finally {
  await browser.close()
}
