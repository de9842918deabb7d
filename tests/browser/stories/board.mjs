// The live board keeps itself as things are: who calls and waits, who talks with whom, and today's figures.

import { expect, until } from '../waiting.mjs'

const figure = (visitor, name) => visitor.page.locator(`[data-figure="${name}"]`).first().textContent()

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann <b>', { role: 'admin' })
  const ben = await desk.user('Ben')
  const channel = await desk.channel({ name: 'Support', routing: { users: [ben.id, ann.id] } })
  const other = await desk.channel({ name: 'Sales' })
  await desk.post('contacts', { name: 'Clara <i>', numbers: ['+436601234567'] })
  const lead = await visit(ann)
  await lead.open('board')
  await lead.page.getByText('Nobody is calling at the moment').waitFor()
  expect(await figure(lead, 'in-line'), '0')

  // Somebody must be there to be rung.
  const phone = await visit(ben)
  await phone.open('phone')
  const caller = await desk.call(channel)
  const row = lead.page.getByRole('row', { name: /Clara <i>/ })
  await row.getByText('rings', { exact: true }).waitFor()
  await row.getByText('+436601234567').waitFor()
  await until('it rings with Ben', async () => (await row.locator('[data-cell=with]').textContent()).includes('Ben'))
  await until('one is in line', async () => (await figure(lead, 'in-line')) === '1')
  await until('the seconds go on', async () => !/^0:0[01]$/.test(await row.locator('.ticks').textContent()))
  await lead.examine()

  await lead.page.getByLabel('Channel').selectOption('Sales')
  await until('of the other channel', () => new URL(lead.page.url()).searchParams.get('channel') === other.id)
  await lead.page.getByText('Nobody is calling at the moment').waitFor()
  await lead.page.getByLabel('Channel').selectOption('')
  await row.waitFor()

  await caller.hangUp()
  await row.waitFor({ state: 'hidden' })
  await until('it was missed', async () => (await figure(lead, 'missed')) === '1')
  expect(await figure(lead, 'abandoned'), '1')
  await lead.page.getByText('of 1 calls, 0 were taken within 20 seconds').waitFor()

  await lead.page.getByRole('link', { name: 'Wallboard' }).click()
  await until('a wall', () => new URL(lead.page.url()).searchParams.has('wall'))
  expect(await lead.page.getByRole('navigation').count(), 0, 'nothing around it')
  await lead.examine()
}
