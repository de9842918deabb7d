// An admin makes a skill and a language, gives them to a person, and a channel asks for the language: who speaks it is given
// the ticket, and the ticket says why.

import { expect, until } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const [ann, ben] = [await desk.user('Ann'), await desk.user('Ben')]
  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  const { page } = eve
  const save = () => page.getByRole('button', { name: 'Save', exact: true }).last().click()

  await eve.open('people')
  await page.getByRole('navigation', { name: 'People' }).getByRole('link', { name: 'Skills' }).click()
  await page.getByText('There are no skills yet.').waitFor()
  await eve.examine()
  for (const [name, kind] of [['Pumps', 'what questions are about'], ['Farsi', 'language']]) {
    await page.getByLabel('Name', { exact: true }).first().fill(name)
    await page.getByRole('radio', { name: kind }).check()
    await save()
    await page.getByRole('cell', { name, exact: true }).waitFor()
  }
  await page.getByLabel('Name', { exact: true }).first().fill('Farsi')
  await save()
  await page.getByText('another skill has this name').waitFor()
  await eve.examine()

  await page.getByRole('navigation', { name: 'People' }).getByRole('link', { name: 'Users' }).click()
  await page.getByRole('link', { name: 'Ben' }).click()
  await eve.examine()
  await page.getByRole('main').getByRole('link', { name: 'Skills' }).click()
  await eve.examine()
  await page.getByLabel('Farsi').selectOption({ label: 'level 4' })
  await page.getByLabel('Pumps').selectOption({ label: 'yes' })
  await save()
  await until('Ben speaks Farsi', async () => (await desk.get(`users/${ben.id}`)).skills.length === 2)

  await eve.open('channels/written')
  await page.getByRole('link', { name: 'New: Other systems' }).click()
  await eve.examine()
  await page.getByLabel('Name', { exact: true }).first().fill('Portal')
  await page.getByLabel('Users and teams').check()
  const users = page.getByRole('group', { name: 'Users', exact: true }).first()
  for (const name of ['Ann', 'Ben']) await users.getByLabel(name).check()
  const asked = page.getByRole('group', { name: 'Skills 1' })
  await asked.getByLabel('Skill').selectOption('Farsi')
  await asked.getByLabel('Level').fill('3')
  await save()
  await page.getByText('Saved.').waitFor()
  await eve.examine()

  // Without the language it would be Ann's turn as soon as Ben has one.
  const { id: channel } = (await desk.get('channels')).items[0]
  for (const value of ['clara@example.org', 'dora@example.org']) {
    const ticket = await desk.post('tickets', { channel, customer: { kind: 'email', value }, subject: 'سلام', text: 'سلام' })
    await until('it is given to Ben', async () => (await desk.get(`tickets/${ticket.id}`)).owner === ben.id)
  }
  await eve.open('tickets?view=all')
  const row = page.getByRole('row').filter({ hasText: 'dora@example.org' })
  expect(await row.getByRole('cell').nth(3).textContent(), 'Ben')
  await row.getByRole('link', { name: 'Why' }).click()
  await page.getByText('Only people who know Farsi').waitFor()
  await page.getByText('people were looked at').first().click()
  const passedOver = page.getByRole('row').filter({ hasText: 'Ann' })
  await passedOver.getByText('Farsi').waitFor()
  await eve.examine()
  expect((await desk.get(`tickets?owner=${ann.id}`)).items, [])
}
