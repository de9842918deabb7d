// Hours are painted with the mouse or typed, copied between days, and closed on holidays; the panel beside them says at once
// what a call would then meet. Nothing counts before it is saved.

import { expect, until } from '../waiting.mjs'

// A Monday at ten, far enough ahead.
const MONDAY = '2030-06-03T10:00'

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann')
  const hours = { mode: 'schedule', weekly: { tue: [['09:00', '17:00']] } }
  const channel = await desk.channel({ name: 'Support', time_zone: 'Europe/Vienna', hours, routing: { users: [ann.id] } })
  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  const { page } = eve
  await eve.open(`channels/${channel.id}`)
  const panel = page.locator('#panel')
  await page.getByLabel('At', { exact: true }).fill(MONDAY)
  await panel.getByText('Callers hear the message').waitFor()

  await paint(page, 'mon', 9, 12)
  expect(await page.getByLabel('Monday', { exact: true }).first().inputValue(), '09:00-12:00')
  await panel.getByText('It rings Ann.').waitFor()
  await panel.getByText('which is not saved').waitFor()
  await eve.examine()
  expect((await desk.get(`channels/${channel.id}`)).hours.weekly.mon, undefined, 'nothing is saved by painting')

  await paint(page, 'mon', 9.5, 11)
  expect(await page.locator('#mon').inputValue(), '09:00-09:30, 11:00-12:00', 'painting what is open closes it')
  await panel.getByText('Callers hear the message').waitFor()

  await page.locator('#mon').fill('9-12, 13.00-17.30')
  await panel.getByText('It rings Ann.').waitFor()
  await page.locator('#mon').fill('nine')
  await panel.getByText('can’t be saved as it is').waitFor()
  await page.locator('#mon').fill('09:00-12:00, 13:00-17:30')

  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  expect(await page.locator('#fri').inputValue(), '09:00-12:00, 13:00-17:30')

  // By the calendar, and by a button that the server answers.
  const rows = page.locator('#exception-rows tr')
  await page.locator('#calendar td button').last().click()
  await page.keyboard.type('10-11')
  expect(await rows.count(), 2)
  await page.getByLabel('Of', { exact: true }).selectOption('AT')
  await page.locator('#year').selectOption({ index: 1 })
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('13 days were added').waitFor()
  await eve.examine()
  expect(await rows.count(), 15)

  await page.getByRole('button', { name: 'Save' }).last().click()
  await page.getByText('Saved.').waitFor()
  const saved = (await desk.get(`channels/${channel.id}`)).hours
  expect(saved.weekly.mon, [['09:00', '12:00'], ['13:00', '17:30']])
  expect(saved.weekly.thu, saved.weekly.mon)
  expect(saved.exceptions.length, 14)
  expect(saved.exceptions.filter(one => one.name === 'Nationalfeiertag').length, 1)

  await page.getByRole('button', { name: 'Close now' }).click()
  await page.getByText('Closed by hand until').first().waitFor()
  await until('closed', async () => (await desk.get(`channels/${channel.id}`)).hours.closed_until)
  await page.getByRole('button', { name: 'Open again' }).click()
  await until('open', async () => !(await desk.get(`channels/${channel.id}`)).hours.closed_until)
}

// Drags over a day, from one hour to another.
async function paint(page, day, from, to) {
  const strip = page.locator(`.strip[data-day="${day}"]`)
  await strip.scrollIntoViewIfNeeded()
  const box = await strip.boundingBox()
  const x = hour => box.x + (box.width * hour) / 24
  const y = box.y + box.height / 2
  await page.mouse.move(x(from) + 1, y)
  await page.mouse.down()
  await page.mouse.move(x((from + to) / 2), y)
  await page.mouse.move(x(to) - 1, y)
  await page.mouse.up()
}
