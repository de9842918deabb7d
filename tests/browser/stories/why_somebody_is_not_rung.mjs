// The panel of a channel names who would not be rung and why not: now, at another instant, and without a script.

import { expect } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const office = { mon: [['09:00', '12:00']] }
  const ann = await desk.user('Ann', { working_hours: office, time_zone: 'Europe/Vienna' })
  const ben = await desk.user('Ben <b>')
  const channel = await desk.channel({ name: 'Support', time_zone: 'Europe/Vienna', routing: { users: [ann.id, ben.id] } })
  const eve = await desk.user('Eve', { role: 'admin' })
  const admin = await visit(eve)
  await admin.open(`channels/${channel.id}`)
  const panel = admin.page.locator('#panel')
  await panel.getByText('Ben <b> has no softphone connected.').waitFor()
  await panel.getByText('Nobody is rung: callers hear the message').waitFor()

  // A Tuesday; then a Monday.
  await admin.page.getByLabel('At', { exact: true }).fill('2030-06-04T10:00')
  await panel.getByText('Ann is outside their working hours.').waitFor()
  await panel.getByText('It rings Ben <b>.').waitFor()
  await admin.examine()
  await admin.page.getByLabel('At', { exact: true }).fill('2030-06-03T10:00')
  await panel.getByText('It rings Ann, Ben <b>.').waitFor()

  const fay = await desk.user('Fay', { role: 'admin' })
  const plain = await visit(fay, { javaScriptEnabled: false })
  await plain.page.goto(`${desk.url}/channels/${channel.id}`)
  await plain.page.getByLabel('At', { exact: true }).fill('2030-06-04T10:00')
  await plain.page.getByRole('button', { name: 'Look' }).click()
  await plain.page.locator('#panel').getByText('Ann is outside their working hours.').waitFor()

  await admin.open('tonight')
  await admin.page.getByText('Open, but: Nobody is rung').waitFor()
  await admin.page.getByRole('link', { name: 'Now' }).click()
  await panel.getByText('Ben <b> has no softphone connected.').waitFor()
  expect(new URL(admin.page.url()).pathname, `/channels/${channel.id}`)
}
