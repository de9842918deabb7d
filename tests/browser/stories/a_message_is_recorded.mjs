// A message is uploaded as a file, another recorded with the microphone; both are served to callers as WAV. What is no
// sound is told beside its field.

import { expect, until } from '../waiting.mjs'

const RATE = 8000

export default async ({ desk, visit }) => {
  const channel = await desk.channel({ name: 'Support' })
  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  const { page } = eve
  await eve.open(`channels/${channel.id}`)
  const message = slot => page.locator(`.message[data-slot="${slot}"]`)
  const unfold = slot => message(slot).getByText('A new recording').click()

  await unfold('unanswered')
  await message('unanswered').getByLabel('Sound file').setInputFiles({ name: 'a.wav', mimeType: 'audio/wav', buffer: Buffer.from('this is no sound') })
  await page.getByRole('button', { name: 'Save' }).last().click()
  await message('unanswered').getByText('not a sound file').waitFor()
  await eve.examine()
  expect((await desk.get(`channels/${channel.id}`)).greetings.unanswered, null)

  await unfold('unanswered')
  await message('unanswered').getByLabel('Name of the recording').fill('Nobody is here <b>')
  await message('unanswered').getByLabel('Sound file').setInputFiles({ name: 'a.wav', mimeType: 'audio/wav', buffer: tone(3) })
  await page.getByRole('button', { name: 'Save' }).last().click()
  await page.getByText('Saved.').waitFor()
  await eve.examine()
  const uploaded = await served(desk, channel, 'unanswered')
  expect(uploaded.name, 'Nobody is here <b>')
  // The tone, with a moment of silence before and after it.
  expect(Math.round(uploaded.seconds * 10) / 10, 3.6)
  expect(uploaded.bytes, 44 + Math.round(uploaded.seconds * RATE) * 2)

  await unfold('after_hours')
  await message('after_hours').getByRole('button', { name: 'Record' }).click()
  // The microphone of a browser without one beeps every second.
  await message('after_hours').getByText('3 s').waitFor()
  await message('after_hours').getByRole('button', { name: 'Stop' }).click()
  await until('the recording is in the form', () => message('after_hours').getByLabel('Sound file').evaluate(input => input.files.length === 1))
  await page.getByRole('button', { name: 'Save' }).last().click()
  await page.getByText('Saved.').waitFor()
  const recorded = await served(desk, channel, 'after_hours')
  expect(recorded.name, 'Support: After hours')
  expect(recorded.seconds > 1 && recorded.seconds < 60, true, `${recorded.seconds} seconds`)

  const audio = message('after_hours').locator('audio')
  await until('it can be played', () => audio.evaluate(async element => {
    element.muted = true
    await element.play()
    return element.currentTime > 0
  }))
}

// The message of a channel as callers get it.
async function served(desk, channel, slot) {
  const { audio } = (await desk.get(`channels/${channel.id}`)).greetings[slot]
  const greeting = await desk.get(`greetings/${audio}`)
  const answer = await fetch(greeting.audio)
  const bytes = Buffer.from(await answer.arrayBuffer())
  expect([bytes.toString('latin1', 0, 4), bytes.toString('latin1', 8, 12)], ['RIFF', 'WAVE'])
  return { name: greeting.name, seconds: greeting.seconds, bytes: bytes.length }
}

function tone(seconds) {
  const samples = RATE * seconds
  const file = Buffer.alloc(44 + samples * 2)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + samples * 2, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(RATE, 24)
  file.writeUInt32LE(RATE * 2, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(samples * 2, 40)
  for (let n = 0; n < samples; n += 1) file.writeInt16LE(Math.round(Math.sin(n / 3) * 12_000), 44 + n * 2)
  return file
}
