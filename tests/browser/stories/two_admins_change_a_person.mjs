// Two admins change the same user: the second reads what the first has saved beside what they typed, and nothing is
// overwritten until they save again.

import { expect, until } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann')
  const [eve, fay] = [await visit(await desk.user('Eve', { role: 'admin' })), await visit(await desk.user('Fay', { role: 'admin' }))]
  for (const admin of [eve, fay]) await admin.open(`people/${ann.id}`)
  const save = async (admin, name) => {
    await admin.page.getByRole('textbox', { name: 'Name', exact: true }).fill(name)
    await admin.page.getByRole('button', { name: 'Save' }).click()
  }
  await save(eve, 'Anna of Eve')
  await until('the first is saved', async () => (await desk.get(`users/${ann.id}`)).name === 'Anna of Eve')
  fay.expects(/status of 409/)
  await save(fay, 'Anne of Fay')
  const told = fay.page.getByRole('alert')
  await told.getByText('Somebody else has changed this').waitFor()
  await fay.examine()
  expect(await told.getByRole('cell').allTextContents(), ['Anna of Eve', 'Anne of Fay'])
  expect(await fay.page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), 'Anne of Fay', 'what was typed is kept')
  expect((await desk.get(`users/${ann.id}`)).name, 'Anna of Eve', 'nothing is overwritten')
  await fay.page.getByRole('button', { name: 'Save' }).click()
  await until('the second is saved', async () => (await desk.get(`users/${ann.id}`)).name === 'Anne of Fay')
}
