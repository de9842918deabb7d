// Two admins change one channel. The second is told and shown what is different, keeps what they typed, and nothing is
// overwritten until they say so.

import { expect } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const channel = await desk.channel({ name: 'Support' })
  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  const fay = await visit(await desk.user('Fay', { role: 'admin' }))
  for (const admin of [eve, fay]) await admin.open(`channels/${channel.id}`)
  const name = admin => admin.page.getByLabel('Name', { exact: true }).last()
  const save = admin => admin.page.getByRole('button', { name: 'Save' }).last().click()

  await name(eve).fill('Support of Eve')
  await eve.page.getByLabel('Callers ring for at most').fill('33')
  await save(eve)
  await eve.page.getByText('Saved.').waitFor()
  await eve.examine()

  fay.expects(/status of 409/)
  await name(fay).fill('Support of Fay')
  await save(fay)
  await fay.page.getByText('somebody else has changed this channel').waitFor()
  await fay.examine()
  const told = fay.page.getByRole('alert')
  await told.getByRole('row', { name: 'Name Support of Fay Support of Eve' }).waitFor()
  await told.getByRole('row', { name: /Callers ring for at most.* 33/ }).waitFor()
  expect(await name(fay).inputValue(), 'Support of Fay', 'what was typed stays')
  expect((await desk.get(`channels/${channel.id}`)).name, 'Support of Eve', 'nothing is overwritten')

  await save(fay)
  await fay.page.getByText('Saved.').waitFor()
  const saved = await desk.get(`channels/${channel.id}`)
  expect([saved.name, saved.routing.ring_seconds], ['Support of Fay', null], 'the second time they mean it')
}
