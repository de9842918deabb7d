// A desk at work, on the page of its channel and on the board. With PICTURES set to a folder, the pictures of the README are put
// there: tests/browser/pictures does so.

import { expect, until } from '../waiting.mjs'

const days = (names, spans) => Object.fromEntries(names.map(day => [day, spans]))
const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri']

export default async ({ desk, visit }) => {
  const picture = async (page, name) => process.env.PICTURES && page.screenshot({ path: `${process.env.PICTURES}/readme-${name}.png` })
  const viewport = { width: 1280, height: 800 }
  const hours = [days(WEEK, [['08:00', '14:00']]), days(WEEK, [['10:00', '18:00']]), days(['mon', 'tue', 'wed'], [['09:00', '17:00']])]
  const names = ['Anna', 'Ben', 'Chloé']
  const agents = await Promise.all(names.map((name, index) => desk.user(name, { working_hours: hours[index], time_zone: 'Europe/Vienna' })))
  const olga = await desk.user('Olga', { role: 'admin', seats: [] })
  const channel = await desk.channel({
    name: 'Support',
    time_zone: 'Europe/Vienna',
    hours: { mode: 'schedule', weekly: { ...days(WEEK, [['08:00', '12:00'], ['13:00', '18:00']]), fri: [['08:00', '15:00']], sat: [['09:00', '12:00']] } },
    routing: { users: agents.map(({ id }) => id), strategy: 'simultaneous' },
  })
  const lead = await visit(olga, { viewport })
  await lead.open(`channels/${channel.id}`)
  await lead.page.locator('#panel .hole').first().waitFor()
  await lead.page.locator('#hours').evaluate(heading => window.scrollTo(0, heading.getBoundingClientRect().top - 32))
  await picture(lead.page, 'channel')

  // It is open at all times, and they are there whatever day it is.
  await desk.patch(`channels/${channel.id}`, { hours: { mode: 'always', weekly: null, exceptions: null } })
  for (const { id } of agents) await desk.patch(`users/${id}`, { working_hours: null })
  await desk.api('PUT', `users/${agents[2].id}/availability`, { state: 'away', reason: 'Lunch' })
  await desk.post('contacts', { name: 'Clara Novak', numbers: ['+436601234501'] })
  const missed = await desk.call(channel, { from: '+436601234503', message_seconds: 3 })
  await missed.until('is over', call => call.is_over)
  const phones = []
  for (const agent of agents.slice(0, 2)) {
    const visitor = await visit(agent)
    await visitor.open('phone')
    await visitor.page.getByText('connected', { exact: true }).waitFor()
    phones.push(visitor.page)
  }
  const first = await desk.call(channel, { from: '+436601234501' })
  await phones[0].getByRole('button', { name: 'Accept' }).first().click()
  await first.until('talks', call => call.is_talking)
  await desk.call(channel, { from: '+436601234502' })
  await until('it rings at Ben', () => phones[1].getByRole('button', { name: 'Accept' }).first().isEnabled())

  await lead.open('board')
  const row = name => lead.page.locator('#agents tr').filter({ hasText: name })
  await row('Anna').getByText('talks', { exact: true }).waitFor()
  await row('Ben').getByText('rings', { exact: true }).waitFor()
  await row('Chloé').getByText('Lunch').waitFor()
  await lead.page.getByRole('row', { name: /Clara Novak/ }).getByText('Anna').waitFor()
  expect(await lead.page.locator('[data-figure=voicemail]').textContent(), '1')
  await until('the seconds go on', async () => !/^0:0[0-3]$/.test(await lead.page.locator('#calls .ticks').last().textContent()))
  await lead.page.emulateMedia({ colorScheme: 'dark' })
  await picture(lead.page, 'board')
}
