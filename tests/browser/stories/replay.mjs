// Before an admin changes who gets tickets they look at who would have got what: nothing is changed by looking.

import { expect } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const [ann, ben] = [await desk.user('Ann <i>'), await desk.user('Ben')]
  const assignment = { mode: 'specific', users: [ann.id], strategy: 'load_balanced' }
  const channel = await desk.post('channels', { kind: 'api', name: 'Shop', assignment })
  for (const name of ['a', 'b', 'c', 'd']) {
    const customer = { kind: 'email', value: `${name}@example.org` }
    await desk.post('tickets', { channel: channel.id, customer, subject: 'The pump leaks', text: 'It leaks.' })
  }
  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  const { page } = eve
  await eve.open('channels/written')
  await page.getByRole('link', { name: 'Another rule' }).click()
  await eve.examine()
  await page.getByLabel('Channel').selectOption('Shop')
  await page.getByLabel('Of the last').selectOption('1')
  await page.getByRole('button', { name: 'Show its rule' }).click()
  await page.getByLabel('Ann <i>').waitFor()
  expect([await page.getByLabel('Ann <i>').isChecked(), await page.getByLabel('Ben').isChecked()], [true, false], 'as it is')
  await page.getByRole('button', { name: 'Play it again' }).click()
  await page.getByText('All 4 would have gone where they went.').waitFor()
  await eve.examine()

  await page.getByLabel('Ben').check()
  await page.getByRole('button', { name: 'Play it again' }).click()
  await page.getByText('2 of 4 would have gone elsewhere.').waitFor()
  await eve.examine()
  const shares = page.getByRole('region', { name: 'Who got how many' })
  const share = async name => (await shares.getByRole('row').filter({ hasText: name }).getByRole('cell').allTextContents()).map(Number)
  expect([await share('Ann <i>'), await share('Ben')], [[4, 2], [0, 2]])
  const different = page.getByRole('region', { name: 'What would have gone elsewhere' }).getByRole('row').filter({ hasText: 'Ben' })
  expect(await different.count(), 2)
  expect((await different.first().getByRole('cell').allTextContents()).slice(1, 3), ['Ann <i>', 'Ben'])
  await different.first().getByRole('link').click()
  await page.getByRole('heading', { name: 'Why' }).waitFor()
  await eve.examine()

  expect((await desk.get(`channels/${channel.id}`)).assignment.users, [ann.id], 'nothing is changed by looking')
  expect((await desk.get(`tickets?owner=${ann.id}`)).items.length, 4)
}
