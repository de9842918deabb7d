// An agent whose page is loaded anew in the midst of a ring, who opens a second tab, and whose daemon starts again, can still take
// the call; the second tab shows the same.

import { expect, until } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann')
  const channel = await desk.channel({ routing: { users: [ann.id] } })
  const visitor = await visit(ann)
  await visitor.open('phone')
  const caller = await desk.call(channel)
  const accept = page => page.getByRole('button', { name: 'Accept' }).first()
  await until('it is offered', () => accept(visitor.page).isEnabled())
  expect(await visitor.page.title(), '☎ +436601234567 is calling')

  await visitor.page.reload()
  await until('it still is', () => accept(visitor.page).isEnabled())
  const other = await visitor.context.newPage()
  await other.goto(`${desk.url}/phone`)
  await until('it is in the second tab, too', () => accept(other).isEnabled())

  visitor.expects(/WebSocket|ERR_CONNECTION|Failed to load/)
  await desk.restart()
  for (const page of [visitor.page, other]) {
    await page.getByText('connected', { exact: true }).waitFor()
    await until('it still is after a start', () => accept(page).isEnabled())
  }
  await accept(visitor.page).click()
  await caller.until('talks', call => call.is_talking)
  for (const page of [visitor.page, other]) await page.locator('#call').getByText('talking', { exact: true }).waitFor()
  await other.reload()
  await other.locator('#call').getByText('talking', { exact: true }).waitFor()
  await other.getByRole('button', { name: 'Hang up' }).click()
  await caller.until('is over', call => call.is_over)
  for (const page of [visitor.page, other]) await page.locator('#call').getByText('The call is over.').waitFor()
  await visitor.examine()
}
