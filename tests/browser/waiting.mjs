// What must be so, now or in the end.

import assert from 'node:assert/strict'

// Machines may be busy: how long anything is waited for.
export const PATIENCE_MS = 30_000

export function expect(actual, expected, what) {
  assert.deepEqual(actual, expected, what)
}

// Waits until `look` answers something that is not false, and answers it.
export async function until(what, look) {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`it never came: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
