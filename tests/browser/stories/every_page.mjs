// Every page, with something on it, as an admin and as an agent sees it: each is examined, light and dark. With PICTURES
// set to a folder, pictures of each are put there: tests/browser/pictures does so.

import { mkdirSync } from 'node:fs'
import { PAGES } from '../pages.mjs'

const WIDTHS = [360, 1280]

export default async ({ desk, visit }) => {
  const folder = process.env.PICTURES
  const here = {}
  for (const [number, page] of PAGES.entries()) {
    const address = page.address ?? (await page.prepare(desk, here))
    const visitor = (here[page.as] ??= await visit(await somebody(desk, page.as)))
    await visitor.open(address)
    await narrow(visitor, address)
    if (folder) await pictures(visitor.page, `${folder}/${String(number + 1).padStart(2, '0')}-${page.name}`)
  }
}

const somebody = (desk, role) => desk.user(role === 'admin' ? 'Eve' : 'Ann', { role })

// Nothing is wider than a small telephone.
async function narrow(visitor, address) {
  await visitor.page.setViewportSize({ width: WIDTHS[0], height: 800 })
  const over = await visitor.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  if (over > 0) throw new Error(`${address} is ${over} pixels too wide for a small telephone`)
  await visitor.page.setViewportSize({ width: 1280, height: 800 })
}

async function pictures(page, start) {
  mkdirSync(new URL('.', `file://${start}`).pathname, { recursive: true })
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 })
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${start}-${width}-${colorScheme}.png`, fullPage: true })
    }
  }
}
